/** Flags with others put in: a name that is given again is only what it is given as, as often as it is. @param extra as `name=value` */
export function withExtra(args: readonly string[], extra: readonly string[]): string[] {
  const names = new Set(extra.map(nameOf));
  return [...args.filter((arg) => !names.has(nameOf(arg))), ...extra.map((arg) => `--${arg.replace(/^--/, '')}`)];
}

function nameOf(arg: string): string {
  return arg.replace(/^--/, '').replace(/=.*$/s, '');
}
