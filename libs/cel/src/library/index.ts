import { type Functions, functions } from '../declare.ts';
import { addresses } from './addresses.ts';
import { authorization } from './authorization.ts';
import { conversions } from './conversions.ts';
import { namedFormats } from './formats.ts';
import { lists } from './lists.ts';
import { operators } from './operators.ts';
import { optionals } from './optionals.ts';
import { patterns } from './patterns.ts';
import { pointers } from './pointers.ts';
import { quantities } from './quantities.ts';
import { sets } from './sets.ts';
import { strings } from './strings.ts';
import { times } from './times.ts';
import { urls } from './urls.ts';
import { versions } from './versions.ts';

/** THE list of function libraries: what Kubernetes 1.36 gives every expression. */
export const library: Functions = functions(
  ...[operators, conversions, times, optionals, strings, lists, patterns, sets],
  ...[quantities, urls, addresses, namedFormats, versions, authorization],
);

/** What expressions that make patches are given besides. */
export const patchLibrary: Functions = functions(...[...library.values()], pointers);
