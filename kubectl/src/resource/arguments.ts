/** What positional arguments name: objects of a type, or all of a type. */
export type Named =
  | { readonly type: string; readonly name: string; readonly slash: boolean }
  | { readonly type: string; readonly name?: undefined };

const slashHint =
  "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'";

export const selectedByName = 'selectors and the all flag cannot be used when passing resource/name arguments';

/**
 * Reads `pods`, `pod x y`, `pods,svc`, `pod/x svc/y`.
 * @param types whether types alone are enough; else names are needed, unless a selector or `--all` stands for them.
 * @throws Error in kubectl's words.
 */
export function parseResourceArguments(args: readonly string[], selected = false): Named[] {
  const withSlash = args.filter((arg) => arg.includes('/'));
  if (withSlash.length > 0) {
    if (withSlash.length < args.length) throw new Error(slashHint);
    if (selected) throw new Error(selectedByName);
    return args.map(parseSlash);
  }
  const [typesArgument, ...names] = args;
  if (typesArgument === undefined) return [];
  const types = splitTypes(typesArgument);
  if (selected && names.length > 0) throw new Error('name cannot be provided when a selector is specified');
  if (names.length === 0) return types.map((type) => ({ type }));
  if (names.some((name) => name === '')) throw new Error('resource name may not be empty');
  return types.flatMap((type) => names.map((name) => ({ type, name, slash: false })));
}

function parseSlash(argument: string): Named {
  const [type = '', name = '', ...more] = argument.split('/');
  if (more.length > 0) throw new Error('arguments in resource/name form may not have more than one slash');
  if (type === '' || name === '') {
    throw new Error(`arguments in resource/name form must have a single resource and name`);
  }
  return { type, name, slash: true };
}

/** Types between commas, each once. */
function splitTypes(argument: string): string[] {
  return [...new Set(argument.split(',').filter((type) => type !== ''))];
}
