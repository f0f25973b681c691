// Pictures by the first bytes of their files.

const SIGNATURES: [type: string, bytes: number[]][] = [
  ["image/png", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ["image/jpeg", [0xff, 0xd8, 0xff]],
  ["image/gif", [0x47, 0x49, 0x46, 0x38]],
];

/** The MIME type of an encoded picture, or undefined for other bytes. */
export function pictureType(bytes: Uint8Array): string | undefined {
  const found = SIGNATURES.find(([, start]) => start.every((byte, i) => bytes[i] === byte));
  return found?.[0];
}
