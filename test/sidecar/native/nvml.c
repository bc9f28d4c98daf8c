// SPDX-License-Identifier: Apache-2.0
// NVIDIA's management library for two GPUs that do not exist. Structures and numbers are written from
// nvml.h, not from the code under test; what the real library refuses is refused here. Words defined
// for the compiler make another driver of it, and assay_become, while it runs.

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int nvmlReturn_t;
enum {
	SUCCESS = 0,
	UNINITIALIZED = 1,
	INVALID_ARGUMENT = 2,
	INSUFFICIENT_SIZE = 7,
	GPU_IS_LOST = 15,
	VERSION = 25
};

struct device {
	const char *uuid;
	unsigned int architecture;
};
typedef struct device *nvmlDevice_t;

typedef struct {
	unsigned int environment;
	unsigned int ccFeature;
	unsigned int devToolsMode;
} nvmlConfComputeSystemState_t;

typedef struct {
	unsigned int version;
	unsigned int environment;
	unsigned int ccFeature;
	unsigned int devToolsMode;
	unsigned int multiGpuMode;
} nvmlSystemConfComputeSettings_t;

typedef struct {
	unsigned int cpuCaps;
	unsigned int gpusCaps;
} nvmlConfComputeSystemCaps_t;

typedef struct {
	unsigned int certChainSize;
	unsigned int attestationCertChainSize;
	unsigned char certChain[0x1000];
	unsigned char attestationCertChain[0x1400];
} nvmlConfComputeGpuCertificate_t;

typedef struct {
	unsigned int isCecAttestationReportPresent;
	unsigned int attestationReportSize;
	unsigned int cecAttestationReportSize;
	unsigned char nonce[0x20];
	unsigned char attestationReport[0x2000];
	unsigned char cecAttestationReport[0x1000];
} nvmlConfComputeGpuAttestationReport_t;

_Static_assert(sizeof(nvmlConfComputeGpuCertificate_t) == 9224, "certificate");
_Static_assert(offsetof(nvmlConfComputeGpuCertificate_t, attestationCertChain) == 4104, "chain");
_Static_assert(sizeof(nvmlConfComputeGpuAttestationReport_t) == 12332, "report");
_Static_assert(offsetof(nvmlConfComputeGpuAttestationReport_t, nonce) == 12, "nonce");
_Static_assert(offsetof(nvmlConfComputeGpuAttestationReport_t, attestationReport) == 44, "report");
_Static_assert(offsetof(nvmlConfComputeGpuAttestationReport_t, cecAttestationReport) == 8236, "CEC");
_Static_assert(sizeof(nvmlConfComputeSystemState_t) == 12, "state");
_Static_assert(sizeof(nvmlSystemConfComputeSettings_t) == 20, "settings");
_Static_assert(sizeof(nvmlConfComputeSystemCaps_t) == 8, "capabilities");

static struct device devices[] = {
	{ "GPU-aaaaaaaa-0000-0000-0000-000000000000", 9 },
	{ "GPU-bbbbbbbb-0000-0000-0000-000000000001", 10 },
};
static int initialized;

/* What the driver is like at present. */
#ifndef READY
#define READY 0
#endif
static unsigned int count = 2, ready = READY, feature = 1, dev_tools, lost;
static unsigned int latency_ms, running, most_running;

#define NEEDS(condition)                     \
	do {                                 \
		if (!initialized)            \
			return UNINITIALIZED; \
		if (!(condition))            \
			return INVALID_ARGUMENT; \
	} while (0)

static int is_device(nvmlDevice_t device)
{
	return device == &devices[0] || device == &devices[1];
}

static nvmlReturn_t text(char *to, unsigned int length, const char *from)
{
	if (length <= strlen(from))
		return INSUFFICIENT_SIZE;
	strcpy(to, from);
	return SUCCESS;
}

nvmlReturn_t nvmlInit_v2(void)
{
#ifdef MISMATCH
	return 18;
#endif
	initialized++;
	return SUCCESS;
}

nvmlReturn_t nvmlShutdown(void)
{
	NEEDS(1);
	initialized--;
	return SUCCESS;
}

/* Of the stand-in alone: how often it has been initialized and not shut down. */
int assay_initialized(void)
{
	return initialized;
}

/* Of the stand-in alone: changes one thing about the driver. */
int assay_become(unsigned int what, unsigned int value)
{
	unsigned int *const all[] = { &count, &ready, &feature, &dev_tools, &lost, &latency_ms };
	if (what >= sizeof(all) / sizeof(*all))
		return INVALID_ARGUMENT;
	*all[what] = value;
	return SUCCESS;
}

/* Of the stand-in alone: how many calls for evidence there have been at once. */
int assay_most_running(void)
{
	return most_running;
}

nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned int length)
{
	NEEDS(version);
	return text(version, length, "575.32.00");
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *deviceCount)
{
	NEEDS(deviceCount);
	*deviceCount = count;
	return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device)
{
	NEEDS(index < 2 && device);
	*device = &devices[index];
	return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetArchitecture(nvmlDevice_t device, unsigned int *architecture)
{
	NEEDS(is_device(device) && architecture);
	*architecture = device->architecture;
	return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned int length)
{
	NEEDS(is_device(device) && uuid);
	return text(uuid, length, device->uuid);
}

nvmlReturn_t nvmlSystemGetConfComputeState(nvmlConfComputeSystemState_t *state)
{
	NEEDS(state);
	*state = (nvmlConfComputeSystemState_t){ 2, 1, 1 };
	return SUCCESS;
}

#ifndef OLD
nvmlReturn_t nvmlSystemGetConfComputeSettings(nvmlSystemConfComputeSettings_t *settings)
{
	NEEDS(settings);
	if (settings->version != (sizeof(*settings) | 1 << 24))
		return VERSION;
	*settings = (nvmlSystemConfComputeSettings_t){
		settings->version, dev_tools ? 1 : 2, feature, dev_tools, feature
	};
	return SUCCESS;
}
#endif

nvmlReturn_t nvmlSystemGetConfComputeCapabilities(nvmlConfComputeSystemCaps_t *capabilities)
{
	NEEDS(capabilities);
	*capabilities = (nvmlConfComputeSystemCaps_t){ 3, 1 };
	return SUCCESS;
}

nvmlReturn_t nvmlSystemGetConfComputeGpusReadyState(unsigned int *isAcceptingWork)
{
	NEEDS(isAcceptingWork);
	*isAcceptingWork = ready;
	return SUCCESS;
}

/* The length is that of the text, and there is something behind it. */
nvmlReturn_t nvmlDeviceGetConfComputeGpuCertificate(nvmlDevice_t device,
						    nvmlConfComputeGpuCertificate_t *certificate)
{
	static const char pem[] = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n";
	NEEDS(is_device(device) && certificate);
	if (lost)
		return GPU_IS_LOST;
	memset(certificate, 0xee, sizeof(*certificate));
	certificate->certChainSize = 4;
	memcpy(certificate->attestationCertChain, pem, sizeof(pem) - 1);
	certificate->attestationCertChain[sizeof(pem) - 1] = 'x';
	certificate->attestationCertChainSize = sizeof(pem) - 1;
	return SUCCESS;
}

/* SPDM GET_MEASUREMENTS with the nonce, and a MEASUREMENTS response, all of it well-formed. */
nvmlReturn_t
nvmlDeviceGetConfComputeGpuAttestationReport(nvmlDevice_t device,
					     nvmlConfComputeGpuAttestationReport_t *report)
{
	unsigned char *at = report->attestationReport;
	unsigned int now;
	NEEDS(is_device(device));
	now = __atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
	if (now > most_running)
		most_running = now;
	if (latency_ms)
		usleep(latency_ms * 1000);
	__atomic_sub_fetch(&running, 1, __ATOMIC_SEQ_CST);
	if (lost)
		return GPU_IS_LOST;
	memset(at, 0xee, sizeof(report->attestationReport));
	memcpy(at, (unsigned char[]){ 0x11, 0xe0, 1, 0xff }, 4);
	memcpy(at + 4, report->nonce, sizeof(report->nonce));
	at[36] = 0;
	memcpy(at + 37, (unsigned char[]){ 0x11, 0x60, 0, 0, 64, 0xc0, 0x0d, 0 }, 8);
	report->attestationReportSize = 45;
	for (unsigned int index = 1; index <= 64; index++) {
		at = report->attestationReport + report->attestationReportSize;
		memcpy(at, (unsigned char[]){ index, 1, 51, 0, 1, 48, 0 }, 7);
		memset(at + 7, index + device->architecture, 48);
		report->attestationReportSize += 55;
	}
	at = report->attestationReport + report->attestationReportSize;
	memset(at, 0x77, 32);
	memcpy(at + 32, (unsigned char[]){ 13, 0, 3, 0, 9, 0, '5', '7', '5', '.', '3', '2', '.', '0', 0 }, 15);
	memset(at + 47, 0x55, 96);
	report->attestationReportSize += 143;
	report->isCecAttestationReportPresent = device == &devices[1];
	report->cecAttestationReportSize = device == &devices[1] ? 10 : 0;
	memset(report->cecAttestationReport, 0xce, 10);
	return SUCCESS;
}
