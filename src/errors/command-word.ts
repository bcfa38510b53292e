/** A file name as it is typed in a command: quoted where a shell would read something into it. */
export function commandWord(name: string): string {
  return PLAIN.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}

const PLAIN = /^[A-Za-z0-9._/@%+=:,-]+$/;
