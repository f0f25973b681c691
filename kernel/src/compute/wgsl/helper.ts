// A WGSL function that generated kernels may call, with the names of those that it calls itself.
export interface Helper {
  readonly code: string;
  readonly needs?: readonly string[];
}
