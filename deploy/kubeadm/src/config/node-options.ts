import type { NodeFile, Patched } from '../options.ts';
import { socketOf } from './fields.ts';
import { argumentsOf, type NodeRegistration } from './forms.ts';

/** Those of the values that say something. */
export function chosen<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const said = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(said) as { [K in keyof T]?: NonNullable<T[K]> };
}

/** What init and join have in common. */
interface Common {
  readonly nodeName: string;
  readonly criSocket: string;
  readonly dryRun: boolean;
  readonly ignorePreflightErrors: readonly string[];
}

interface Form {
  readonly nodeRegistration?: NodeRegistration;
  readonly dryRun?: boolean;
  readonly patches?: { readonly directory?: string };
}

/** What a document says of the machine. A name on the command line goes before; checks to be passed over are added up. */
export function nodeOptions(flags: Common, form: Form, given: ReadonlySet<string>): Common & NodeFile & Patched {
  const { name, criSocket, taints, kubeletExtraArgs, ignorePreflightErrors } = form.nodeRegistration ?? {};
  return {
    nodeName: name && !given.has('nodeName') ? name.toLowerCase() : flags.nodeName,
    criSocket: criSocket ? socketOf(criSocket) : flags.criSocket,
    dryRun: flags.dryRun || form.dryRun === true,
    ignorePreflightErrors: [...flags.ignorePreflightErrors, ...(ignorePreflightErrors ?? [])],
    ...chosen({ patches: form.patches?.directory }),
    ...(taints ? { taints } : {}),
    kubeletExtraArgs: argumentsOf(kubeletExtraArgs),
  };
}
