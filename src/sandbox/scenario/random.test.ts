import { expect, test } from "vitest";
import { between, randomSuffix, seededRandom } from "./random.ts";

test("the same seed gives the same numbers, another seed others", () => {
  const draw = (seed: number) => Array.from({ length: 20 }, seededRandom(seed));
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});

test("numbers spread over [0, 1)", () => {
  const numbers = Array.from({ length: 10_000 }, seededRandom(3));
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  const mean = numbers.reduce((sum, each) => sum + each) / numbers.length;
  expect(mean).toBeGreaterThan(0.48);
  expect(mean).toBeLessThan(0.52);
});

test("a number between two is between them", () => {
  const random = seededRandom(4);
  for (let draw = 0; draw < 100; draw += 1) {
    const number = between(random, [5, 20]);
    expect(number).toBeGreaterThanOrEqual(5);
    expect(number).toBeLessThan(20);
  }
});

test("a suffix is as long as asked and has no vowels", () => {
  expect(randomSuffix(seededRandom(5), 54)).toMatch(/^[b-df-hj-np-tv-xz2456789]{54}$/);
});
