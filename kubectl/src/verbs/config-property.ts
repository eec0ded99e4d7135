import type { Kubeconfig } from '@keelson/client';
import { UsageError } from '../errors.ts';
import { type Context, defineVerb, type Verb } from '../types.ts';
import { changeConfig } from './config-file.ts';

type Entry = Readonly<Record<string, unknown>>;
type Kind = 'text' | 'boolean' | 'bytes';

/** What the entries of a section hold, and the member of the list's items that holds them. */
interface Section {
  readonly member: 'cluster' | 'context' | 'user';
  readonly fields: Readonly<Record<string, Kind>>;
}

const sections: Readonly<Record<'clusters' | 'contexts' | 'users', Section>> = {
  clusters: {
    member: 'cluster',
    fields: {
      'certificate-authority': 'text',
      'certificate-authority-data': 'bytes',
      'disable-compression': 'boolean',
      'insecure-skip-tls-verify': 'boolean',
      'proxy-url': 'text',
      server: 'text',
      'tls-server-name': 'text',
    },
  },
  contexts: { member: 'context', fields: { cluster: 'text', namespace: 'text', user: 'text' } },
  users: {
    member: 'user',
    fields: {
      as: 'text',
      'as-uid': 'text',
      'client-certificate': 'text',
      'client-certificate-data': 'bytes',
      'client-key': 'text',
      'client-key-data': 'bytes',
      password: 'text',
      token: 'text',
      tokenFile: 'text',
      username: 'text',
    },
  },
};

type SectionName = keyof typeof sections;

/** Where a property is. Without a field it is a whole entry, without a name a whole section. */
type Place =
  | { readonly type: 'current' }
  | { readonly type: 'colors' }
  | { readonly type: 'entry'; readonly section: SectionName; readonly name: string; readonly field: string };

/**
 * Takes `clusters.NAME.server` apart. Names may hold dots: what ends with a known field has a name before it.
 * @throws Error in kubectl's words.
 */
function placeOf(property: string): Place {
  if (property === '') throw new Error('you must specify a property');
  if (property === 'current-context') return { type: 'current' };
  if (property === 'preferences.colors') return { type: 'colors' };
  const [section = '', ...rest] = property.split('.');
  if (!Object.hasOwn(sections, section)) throw new Error(`unable to parse ${property} after [] at api.Config`);
  const { fields } = sections[section as SectionName];
  const last = rest.at(-1) ?? '';
  const withField = rest.length > 1 && Object.hasOwn(fields, last);
  const name = (withField ? rest.slice(0, -1) : rest).join('.');
  return { type: 'entry', section: section as SectionName, name, field: withField ? last : '' };
}

type Item = { readonly name: string } & Readonly<Record<string, unknown>>;

function itemsOf(config: Kubeconfig, section: SectionName): readonly Item[] {
  return (config[section] ?? []) as unknown as readonly Item[];
}

function withItems(config: Kubeconfig, section: SectionName, items: readonly Item[]): Kubeconfig {
  return { ...config, [section]: items };
}

/** The configuration with a property set. @throws Error in kubectl's words. */
export function setProperty(config: Kubeconfig, property: string, value: string, rawBytes: boolean): Kubeconfig {
  const place = placeOf(property);
  if (place.type === 'current') return { ...config, 'current-context': value };
  if (place.type === 'colors') return { ...config, preferences: { ...config.preferences, colors: read(value, 'boolean', rawBytes) } };
  const { section, name, field } = place;
  const { member, fields } = sections[section];
  const items = itemsOf(config, section);
  const kind = fields[field];
  if (kind === undefined) throw new Error(`can't set a map to a value: map[${items.map((item) => item.name).join(' ')}]`);
  const old = items.find((item) => item.name === name);
  const changed: Item = { ...old, name, [member]: { ...(old?.[member] as Entry | undefined), [field]: read(value, kind, rawBytes) } };
  return withItems(config, section, old ? items.map((item) => (item === old ? changed : item)) : [...items, changed]);
}

function read(value: string, kind: Kind, rawBytes: boolean): unknown {
  if (kind === 'boolean') {
    if (/^(?:1|t|true)$/i.test(value)) return true;
    if (/^(?:0|f|false)$/i.test(value)) return false;
    throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  if (kind === 'text') return value;
  if (rawBytes) return Buffer.from(value).toString('base64');
  // Go's decoder passes over line breaks, as `base64` prints them.
  const text = value.replaceAll(/[\r\n]/g, '');
  const wrong = /[^A-Za-z0-9+/=]/.exec(text)?.index ?? (text.length % 4 === 0 ? undefined : text.length - (text.length % 4));
  if (wrong !== undefined) throw new Error(`error decoding input value: illegal base64 data at input byte ${wrong}`);
  return text;
}

/** The configuration without a property, an entry or a section. @throws Error in kubectl's words. */
export function unsetProperty(config: Kubeconfig, property: string): Kubeconfig {
  const place = placeOf(property);
  if (place.type === 'current') return { ...config, 'current-context': '' };
  if (place.type === 'colors') {
    const { preferences: _, ...kept } = config;
    return kept;
  }
  const { section, name, field } = place;
  const items = itemsOf(config, section);
  if (field === '') return withItems(config, section, name === '' ? [] : items.filter((item) => item.name !== name));
  const { member } = sections[section];
  const old = items.find((item) => item.name === name);
  if (!old) throw new Error(`current map key \`${name}\` is invalid`);
  const { [field]: _, ...kept } = old[member] as Entry;
  return withItems(
    config,
    section,
    items.map((item) => (item === old ? { ...old, [member]: kept } : item)),
  );
}

function unexpected({ args }: Pick<Context, 'args'>): UsageError {
  return new UsageError(`Unexpected args: [${args.join(' ')}]`, 'help');
}

export const set: Verb = defineVerb({
  usage: 'config set PROPERTY_NAME PROPERTY_VALUE [options]',
  flags: {
    'set-raw-bytes': {
      type: 'bool',
      help: 'When writing a []byte PROPERTY_VALUE, write the given string directly without base64 decoding.',
    },
  },
  async run(context) {
    const [property, value] = context.args;
    if (property === undefined || value === undefined || context.args.length !== 2) throw unexpected(context);
    changeConfig(context, (config) => setProperty(config, property, value, context.flags['set-raw-bytes']));
    context.shell.stdout.write(`Property ${JSON.stringify(property)} set.\n`);
  },
});

export const unset: Verb = defineVerb({
  usage: 'config unset PROPERTY_NAME [options]',
  flags: {},
  async run(context) {
    const [property] = context.args;
    if (property === undefined || context.args.length !== 1) throw unexpected(context);
    changeConfig(context, (config) => unsetProperty(config, property));
    context.shell.stdout.write(`Property ${JSON.stringify(property)} unset.\n`);
  },
});
