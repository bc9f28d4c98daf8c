// SPDX-License-Identifier: Apache-2.0
// SHARED by asc and tsc. Types and value lengths of the fields in the opaque data of an NVIDIA
// attestation report (NVIDIA/attestation-sdk, gpu_opaque_data_parser and switch_opaque_data_parser).

/** Types of opaque fields. On an NVSwitch type 22 is the PDI of the device itself. */
export enum FieldId {
  CertIssuerName = 1,
  CertAuthorityKeyIdentifier = 2,
  DriverVersion = 3,
  GpuInfo = 4,
  Sku = 5,
  VbiosVersion = 6,
  ManufacturerId = 7,
  TamperDetection = 8,
  Smc = 9,
  Vpr = 10,
  Nvdec0Status = 11,
  Msrscnt = 12,
  Cprinfo = 13,
  BoardId = 14,
  ChipSku = 15,
  ChipSkuMod = 16,
  Project = 17,
  ProjectSku = 18,
  ProjectSkuMod = 19,
  Fwid = 20,
  ProtectedPcieStatus = 21,
  SwitchPdi = 22,
  FloorsweptPorts = 23,
  PositionId = 24,
  LockSwitchStatus = 25,
  SwitchGpuPdis = 26,
  GpuLinkConn = 32,
  SysEnableStatus = 33,
  OpaqueDataVersion = 34,
  ChipInfo = 35,
  FeatureFlag = 36,
  FspUcodeMinSvn = 37,
  NvleStatus = 38,
  Invalid = 255,
}

export const GPU_INFO_LEN = 8
export const VBIOS_VERSION_LEN = 8
export const STATUS_LEN = 1
export const COUNTER_LEN = 4
export const CPRINFO_LEN = 4
export const BOARD_ID_LEN = 4
export const FWID_LEN = 48
export const PDI_LEN = 8
export const SWITCH_PDI_LEN = 144
export const SWITCH_GPU_PDIS_LEN = 128
/** Within SWITCH_GPU_PDIS: where the PDIs end and the ports begin, one byte each. */
export const SWITCH_PORTS_AT = 64
export const FLOORSWEPT_PORTS_LEN = 2
export const POSITION_ID_LEN = 2
export const LOCK_SWITCH_STATUS_LEN = 2
export const SYS_ENABLE_STATUS_LEN = 2
export const OPAQUE_DATA_VERSION_LEN = 2
export const FEATURE_FLAG_LEN = 2
export const FSP_UCODE_MIN_SVN_LEN = 2
/** No text is longer than what NVML has room for (nvml.h, NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE). */
export const TEXT_MAX_LEN = 80

export const STATUS_ENABLED = 0xaa
export const STATUS_DISABLED = 0x55

/** The newest version that field 34 may name; from the next one on there is a header instead. */
export const FIELD_OPAQUE_DATA_VERSION_MAX = 1
