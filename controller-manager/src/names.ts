import { idleControllers } from './controllers/idle.ts';
import { controllers } from './controllers/index.ts';
import type { ControllerName } from './controllers/types.ts';

const known: readonly ControllerName[] = [...controllers, ...idleControllers];

/** Whether `--controllers` lets a controller run. */
export function isEnabled({ name, alias = name, offByDefault = false }: ControllerName, wanted: readonly string[]): boolean {
  if (wanted.includes(`-${name}`) || wanted.includes(`-${alias}`)) return false;
  return wanted.includes(name) || wanted.includes(alias) || (wanted.includes('*') && !offByDefault);
}

/** @throws Error for the first thing in `--controllers` that is no name of a controller. */
export function checkControllers(wanted: readonly string[]): void {
  const names = new Set(known.flatMap(({ name, alias }) => [name, alias ?? name]));
  const stranger = wanted.map((one) => one.replace(/^-/, '')).find((one) => one !== '*' && !names.has(one));
  if (stranger !== undefined) throw new Error(`--controllers: "${stranger}" is not in the list of known controllers`);
}

/** For `--help`. */
export function namesText(): string {
  const listed = (all: readonly ControllerName[]): string =>
    all
      .map(({ name }) => name)
      .sort()
      .join(', ');
  return `All controllers: ${listed(known)}. Disabled by default: ${listed(known.filter(({ offByDefault }) => offByDefault))}`;
}
