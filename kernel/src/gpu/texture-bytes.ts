// How many bytes a texture holds, by its format and extent. Adapters may take more, to align rows or to
// compress; that they don't tell.

/** Bytes of one block of texels, and the block's width and height where it is more than a texel. */
interface Texels {
  bytes: number;
  width?: number;
  height?: number;
}

const CHANNELS: Record<string, number> = { r: 1, rg: 2, rgba: 4, bgra: 4 };
const PACKED: Record<string, Texels> = {
  rgb9e5ufloat: { bytes: 4 },
  rgb10a2unorm: { bytes: 4 },
  rgb10a2uint: { bytes: 4 },
  rg11b10ufloat: { bytes: 4 },
  stencil8: { bytes: 1 },
  depth16unorm: { bytes: 2 },
  depth24plus: { bytes: 4 },
  depth32float: { bytes: 4 },
  // A byte of stencil beside the depth; adapters commonly round the former up to 4 and the latter to 8.
  "depth24plus-stencil8": { bytes: 4 },
  "depth32float-stencil8": { bytes: 8 },
};

/** Bytes of all texels, mip levels, layers and samples. */
export function textureBytes(texture: GPUTexture): number {
  const { bytes, width = 1, height = 1 } = texelsOf(texture.format);
  const solid = texture.dimension === "3d";
  let blocks = 0;
  for (let level = 0; level < texture.mipLevelCount; level++) {
    const across = Math.ceil(Math.max(1, texture.width >> level) / width);
    const down = Math.ceil(Math.max(1, texture.height >> level) / height);
    const depth = texture.depthOrArrayLayers;
    blocks += across * down * (solid ? Math.max(1, depth >> level) : depth);
  }
  return blocks * bytes * texture.sampleCount;
}

function texelsOf(format: string): Texels {
  const packed = PACKED[format];
  if (packed) return packed;
  const plain = /^(rgba|bgra|rg|r)(8|16|32)(unorm|snorm|uint|sint|float)(-srgb)?$/.exec(format);
  if (plain) return { bytes: (CHANNELS[plain[1]!]! * Number(plain[2])) / 8 };
  const astc = /^astc-(\d+)x(\d+)-/.exec(format);
  if (astc) return { bytes: 16, width: Number(astc[1]), height: Number(astc[2]) };
  // BC1, BC4, ETC2 without full alpha and EAC of one channel have half as much as the other blocks of 4 × 4.
  const half = /^(bc1-|bc4-|etc2-rgb8unorm|etc2-rgb8a1|eac-r11)/.test(format);
  if (half || /^(bc|etc2-|eac-)/.test(format)) return { bytes: half ? 8 : 16, width: 4, height: 4 };
  throw new RangeError(`the size of the texture format ${format} is not known`);
}
