// Pictures by the first bytes of their files, and SVG by its text.

const ascii = (text: string) => [...text].map((one) => one.charCodeAt(0));

/** Bytes at the start; undefined stands for any. */
const SIGNATURES: [type: string, bytes: (number | undefined)[]][] = [
  ["image/png", [0x89, ...ascii("PNG\r\n"), 0x1a, 0x0a]],
  ["image/jpeg", [0xff, 0xd8, 0xff]],
  ["image/gif", ascii("GIF87a")],
  ["image/gif", ascii("GIF89a")],
  [
    "image/webp",
    [...ascii("RIFF"), undefined, undefined, undefined, undefined, ...ascii("WEBPVP8")],
  ],
];

/** The MIME type of an encoded picture, or undefined for other bytes. */
export function pictureType(bytes: Uint8Array): string | undefined {
  const found = SIGNATURES.find(([, start]) =>
    start.every((byte, i) => byte === undefined || bytes[i] === byte),
  );
  return found?.[0];
}

const SVG = /^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--[\s\S]*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg[\s>/]/i;
const NAMESPACE = "http://www.w3.org/2000/svg";

/** Whether text is one whole drawing. */
export function isSvg(text: string): boolean {
  return (
    SVG.test(text.slice(0, 10_000)) && /<\/svg>\s*$|<svg[^>]*\/>\s*$/i.test(text.slice(-10_000))
  );
}

/** A drawing in a file of its own must say that it is SVG; within HTML it need not. */
export function standaloneSvg(text: string): string {
  const at = text.search(/<svg[\s>/]/i);
  const tag = text.slice(at, text.indexOf(">", at));
  if (/\sxmlns\s*=/.test(tag)) return text;
  return `${text.slice(0, at + 4)} xmlns="${NAMESPACE}"${text.slice(at + 4)}`;
}
