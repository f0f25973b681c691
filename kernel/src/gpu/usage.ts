// WebGPU's bit flags by name, because Node has no globals for them (WebGPU, sections 5.1.2 and 5.2).
export const USAGE = {
  mapRead: 0x1,
  mapWrite: 0x2,
  copySource: 0x4,
  copyTarget: 0x8,
  uniform: 0x40,
  storage: 0x80,
} as const;
export const MAP = { read: 1, write: 2 } as const;
export const COMPUTE_STAGE = 4;
