type Holder = Record<string, unknown>;

/**
 * Visits the fields that a path such as `spec/containers/image` leads to, through every element of the lists on its way. `create` makes the
 * objects that are missing.
 */
export function visitFields(root: object, path: string, create: boolean, visit: (holder: Holder, field: string) => void): void {
  const steps = path.split(/(?<!\\)\//).map((step) => step.replaceAll('\\/', '/').replace(/\[\]$/, ''));
  walk(root, steps, create, visit);
}

function walk(at: unknown, [step, ...rest]: readonly string[], create: boolean, visit: (holder: Holder, field: string) => void): void {
  if (step === undefined || typeof at !== 'object' || at === null) return;
  if (Array.isArray(at)) {
    for (const element of at) walk(element, [step, ...rest], create, visit);
    return;
  }
  const holder = at as Holder;
  if (rest.length === 0) {
    if (create || holder[step] !== undefined) visit(holder, step);
    return;
  }
  if (create) holder[step] ??= {};
  walk(holder[step], rest, create, visit);
}
