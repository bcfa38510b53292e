/** Times for people. */

/** `45 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function spell(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const units = [
    ["d", 86_400],
    ["h", 3_600],
    ["min", 60],
    ["s", 1],
  ] as const;
  const index = units.findIndex(([, size]) => whole >= size);
  const [unit, size] = units[index === -1 ? units.length - 1 : index] ?? ["s", 1];
  const first = Math.floor(whole / size);
  const next = units[index + 1];
  const rest = next === undefined || index === -1 ? 0 : Math.floor((whole - first * size) / next[1]);
  return rest === 0 || next === undefined ? `${first} ${unit}` : `${first} ${unit} ${rest} ${next[0]}`;
}

/** The same for estimates, which are not known to the second: `45 s`, `2 min`, `17 min`, `1 h 10 min`, `2 d 4 h`. */
export function spellRoughly(seconds: number): string {
  if (seconds < 60) return spell(seconds);
  return spell(Math.ceil(seconds / 60) * 60);
}
