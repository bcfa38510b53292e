import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Whole estates in one test each: minutes, where the other files take seconds. */
const LONG = ["/test/kubernetes/real-public", "/test/properties/estates-", "/test/crash/"];

/** Begins with the tests that take minutes, so that the others fill the time beside them; a fresh clone has no record of times. */
export default class LongestFirstSequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.some((part) => moduleId.includes(part));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
