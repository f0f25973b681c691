// Conditionals as people write them: `when(test).then(a).when(other).then(b).otherwise(c)`.
import { CenoteError } from "../base/index.ts";
import { Expr, lit, type Operand, operand } from "./expr.ts";
import { told } from "./told.ts";

interface Case {
  readonly test: Expr;
  readonly value: Expr;
}

/** A test that waits for its value. */
export class When {
  readonly #cases: readonly Case[];
  readonly #test: Expr;

  constructor(cases: readonly Case[], test: Expr) {
    this.#cases = cases;
    this.#test = test;
  }

  /** The value where the test is true. Throws NOT_AN_EXPRESSION. */
  // biome-ignore lint/suspicious/noThenProperty: the word that people expect; awaiting it is an error.
  then(value: Operand): Then {
    if (typeof value === "function") throw notATest("when(…) before its value", "await");
    return new Then([...this.#cases, { test: this.#test, value: operand(value) }]);
  }
}

/** Cases that wait for more of them, or for the value of the rest. */
export class Then {
  readonly #cases: readonly Case[];

  constructor(cases: readonly Case[]) {
    this.#cases = cases;
  }

  /** A test for the rows that no test before was true for. */
  when(test: Expr): When {
    return new When(this.#cases, checked(test));
  }

  /** The value of the rows where no test is true. `otherwise(null)` leaves them null. */
  otherwise(value: Operand): Expr {
    return this.#cases.reduceRight(
      (rest, { test, value: then }) => new Expr({ op: "if", args: [test, then, rest] }),
      operand(value),
    );
  }
}

/**
 * A conditional: the value after the first test that is true; a test that is null counts as false. All values
 * take one type. Throws NOT_AN_EXPRESSION.
 */
export function when(test: Expr): When {
  return new When([], checked(test));
}

function checked(test: unknown): Expr {
  if (test instanceof Expr) return test;
  if (typeof test === "boolean") return lit(test);
  throw notATest('when(test): wanted a test such as col("delay").gt(15)', told(test));
}

function notATest(where: string, found: string): CenoteError {
  return new CenoteError("NOT_AN_EXPRESSION", `${where}, found ${found}`, {
    mend: 'Write when(col("delay").gt(15)).then("late").otherwise("in time").',
  });
}
