// A choice of rows without replacement that depends on its seed alone.

/** `count` of `rows` row numbers, ascending; every set of them is equally likely. */
export function chosen(rows: number, count: number, seed: number): Uint32Array {
  const next = generator(seed);
  // Knuth, "The Art of Computer Programming" 2, algorithm S: each row with the chance that is left to it.
  const out = new Uint32Array(count);
  for (let row = 0, found = 0; found < count; row++)
    if ((rows - row) * next() < count - found) out[found++] = row;
  return out;
}

// sfc32 (Chris Doty-Humphrey, PractRand), of whose output 53 bits make a number in [0, 1).
function generator(seed: number): () => number {
  let [a, b, c, counter] = [0, seed | 0, Math.floor(seed / 2 ** 32) | 0, 1];
  const word = () => {
    const out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + out;
    return out >>> 0;
  };
  for (let i = 0; i < 12; i++) word();
  return () => (word() * 2 ** 21 + (word() >>> 11)) / 2 ** 53;
}
