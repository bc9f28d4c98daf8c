// SPDX-License-Identifier: Apache-2.0
// The driver's side of /dev/sev-guest, put before the C library's ioctl(2) with LD_PRELOAD: checks
// every byte that it is handed, and answers as REPORT_DATA's first byte asks. Structures and numbers
// are written from Linux include/uapi/linux/sev-guest.h, not from the code under test.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct snp_guest_request_ioctl {
	uint8_t msg_version;
	uint64_t req_data;
	uint64_t resp_data;
	union {
		uint64_t exitinfo2;
		struct {
			uint32_t fw_error;
			uint32_t vmm_error;
		};
	};
};

struct snp_report_req {
	uint8_t user_data[64];
	uint32_t vmpl;
	uint8_t rsvd[28];
};

struct snp_report_resp {
	uint8_t data[4000];
};

struct snp_ext_report_req {
	struct snp_report_req data;
	uint64_t certs_address;
	uint32_t certs_len;
};

_Static_assert(sizeof(struct snp_guest_request_ioctl) == 32, "snp_guest_request_ioctl");
_Static_assert(offsetof(struct snp_guest_request_ioctl, req_data) == 8, "req_data");
_Static_assert(offsetof(struct snp_guest_request_ioctl, resp_data) == 16, "resp_data");
_Static_assert(offsetof(struct snp_guest_request_ioctl, vmm_error) == 28, "vmm_error");
_Static_assert(sizeof(struct snp_report_req) == 96, "snp_report_req");
_Static_assert(sizeof(struct snp_ext_report_req) == 112, "snp_ext_report_req");
_Static_assert(offsetof(struct snp_ext_report_req, certs_address) == 96, "certs_address");
_Static_assert(offsetof(struct snp_ext_report_req, certs_len) == 104, "certs_len");

#define GET_REPORT 0xC0205300ul
#define GET_EXT_REPORT 0xC0205302ul
#define REPORT_LEN 1184

static void demand(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "sev-guest.c: %s\n", what);
	abort();
}

static int is_zero(const uint8_t *bytes, size_t length)
{
	for (size_t at = 0; at < length; at++)
		if (bytes[at])
			return 0;
	return 1;
}

/* A file of the test's: the report to fill in, or the host's certificates. */
static size_t slurp(const char *variable, uint8_t *to, size_t room)
{
	FILE *file = fopen(getenv(variable), "rb");
	demand(file != NULL, variable);
	size_t length = fread(to, 1, room, file);
	fclose(file);
	return length;
}

static int fail(int error)
{
	errno = error;
	return -1;
}

/* Until the test writes to it, which it can only do if nobody waits for this call. */
static void wait_for_gate(void)
{
	char byte;
	demand(read(3, &byte, 1) == 1, "the gate");
}

static int give_certs(struct snp_guest_request_ioctl *arg, struct snp_ext_report_req *ext)
{
	uint8_t *certs = (uint8_t *)(uintptr_t)ext->certs_address;

	demand(ext->certs_len % 4096 == 0 && ext->certs_len <= 0x4000, "certs_len");
	demand(is_zero((uint8_t *)ext + 108, 4), "padding after certs_len");
	demand(is_zero(certs, ext->certs_len), "certificates before the call");
	if (ext->data.user_data[0] == 'L') {
		ext->certs_len = 0x5000;
		arg->vmm_error = 1;
		return fail(EIO);
	}
	slurp("ASSAY_CERTS", certs, ext->certs_len);
	return 0;
}

static int answer(struct snp_guest_request_ioctl *arg, struct snp_report_req *req)
{
	uint8_t *resp = (uint8_t *)(uintptr_t)arg->resp_data;
	uint32_t size = REPORT_LEN, status = 0x16;

	demand(is_zero(resp, sizeof(struct snp_report_resp)), "response before the call");
	switch (req->user_data[0]) {
	case 'G':
		wait_for_gate();
		break;
	case 'S':
		memcpy(resp, &status, 4);
		return 0;
	case 'E':
		arg->fw_error = 0xff;
		arg->vmm_error = 7;
		return fail(EIO);
	case 'N':
		return fail(ENOTTY);
	}
	memcpy(resp + 4, &size, 4);
	demand(slurp("ASSAY_REPORT", resp + 32, REPORT_LEN) == REPORT_LEN, "report");
	memcpy(resp + 32 + 0x30, &req->vmpl, 4);
	memcpy(resp + 32 + 0x50, req->user_data, 64);
	return 0;
}

static int sev_guest(unsigned long number, struct snp_guest_request_ioctl *arg)
{
	struct snp_report_req *req = (struct snp_report_req *)(uintptr_t)arg->req_data;

	demand(number == GET_REPORT || number == GET_EXT_REPORT, "request number");
	demand(arg->msg_version == 1, "msg_version");
	demand(is_zero((uint8_t *)arg + 1, 7), "padding after msg_version");
	demand(arg->exitinfo2 == 0, "exitinfo2");
	demand(is_zero(req->rsvd, sizeof(req->rsvd)), "rsvd");
	printf("%s\n", number == GET_REPORT ? "SNP_GET_REPORT" : "SNP_GET_EXT_REPORT");
	fflush(stdout);
	if (number == GET_EXT_REPORT && give_certs(arg, (struct snp_ext_report_req *)req))
		return -1;
	return answer(arg, req);
}

int ioctl(int fd, unsigned long number, ...)
{
	va_list list;
	void *arg;

	va_start(list, number);
	arg = va_arg(list, void *);
	va_end(list);
	if ((number >> 8 & 0xff) == 'S')
		return sev_guest(number, arg);
	return ((int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl"))(fd, number, arg);
}
