// How property tests run, for all of them (node --import): they draw the same cases each time, so that a
// failure is of the change at hand; CENOTE_SEED=random, or a number, draws others. The first case that fails
// is told as it is: to make it smaller takes hundreds of runs on a device.
import fc from "fast-check";

const given = process.env["CENOTE_SEED"];
const seed = given === "random" ? {} : { seed: Number(given ?? 5) };
fc.configureGlobal({ endOnFailure: true, ...seed });
