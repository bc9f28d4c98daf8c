// SPDX-License-Identifier: Apache-2.0
// NVIDIA's management library for two GPUs that do not exist. Structures and numbers are written from
// nvml.h, not from the code under test; what the real library refuses is refused here.

#include <stdint.h>
#include <string.h>

typedef int nvmlReturn_t;
enum { SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, INSUFFICIENT_SIZE = 7, VERSION = 25 };

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

_Static_assert(sizeof(nvmlConfComputeSystemState_t) == 12, "state");
_Static_assert(sizeof(nvmlSystemConfComputeSettings_t) == 20, "settings");
_Static_assert(sizeof(nvmlConfComputeSystemCaps_t) == 8, "capabilities");

static struct device devices[] = {
	{ "GPU-aaaaaaaa-0000-0000-0000-000000000000", 9 },
	{ "GPU-bbbbbbbb-0000-0000-0000-000000000001", 10 },
};
static int initialized;

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

nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned int length)
{
	NEEDS(version);
	return text(version, length, "575.32.00");
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count)
{
	NEEDS(count);
	*count = 2;
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
	*settings = (nvmlSystemConfComputeSettings_t){ settings->version, 2, 1, 0, 1 };
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
	*isAcceptingWork = 0;
	return SUCCESS;
}
