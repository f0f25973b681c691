// What cells assign to in place of a constant (language/constants.ts).

const refuse = (): never => {
  throw new TypeError("Assignment to constant variable.");
};

export const constant: object = new Proxy(Object.freeze({}), { get: refuse, set: refuse });
