// What a loop's copy of a variable begins with (language/loop-locals.ts). V8 keeps the number of a variable
// that has held a fraction as a fraction from then on, also when it is whole; arithmetic that begins with
// such a number stays that of fractions, which for `%` is four times slower.

/** The same value, with a whole number as such. */
export const copy = (value: unknown): unknown =>
  typeof value === "number" && Object.is(value | 0, value) ? value | 0 : value;
