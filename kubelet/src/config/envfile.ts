/** A line of an env file: nothing, a comment, or a variable in single quotes, which may hold line breaks. */
const line = /[ \t]*(?:#[^\n]*|([^=\n# \t][^=\n]*)='([^']*)'[ \t]*(?:#[^\n]*)?)?\r?(?:\n|$)/y;

/**
 * The value of a variable in an env file, as Kubernetes reads them: a shell would understand the same. undefined: it is not there.
 * @throws Error when what stands before it is no such file.
 */
export function envFileValue(text: string, key: string): string | undefined {
  for (let at = 0; at < text.length; at = line.lastIndex) {
    line.lastIndex = at;
    const [whole, name, value] = line.exec(text) ?? [];
    if (whole === undefined || (name !== undefined && /\s$/.test(name))) {
      const number = text.slice(0, at).split('\n').length;
      throw new Error(`invalid environment variable format at line ${number}`);
    }
    if (name === key) return value;
  }
  return undefined;
}
