import { readFileSync } from 'node:fs';
import { type Kubeconfig, mergeKubeconfigs, renderKubeconfig } from '@keelson/client';
import { parseYaml } from '@keelson/machinery';
import { UsageError } from '../errors.ts';
import { objectPrinter } from '../printers/objects.ts';
import { templateFlags } from '../printers/result.ts';
import { type AnyObject, defineVerb, type Verb } from '../types.ts';
import { startingConfig } from './config-file.ts';

export const view: Verb = defineVerb({
  usage: 'config view [flags] [options]',
  flags: {
    flatten: {
      type: 'bool',
      help: 'Flatten the resulting kubeconfig file into self-contained output (useful for creating portable kubeconfig files)',
    },
    minify: { type: 'bool', help: 'Remove all information not used by current-context from the output' },
    ...templateFlags,
    output: {
      type: 'string',
      short: 'o',
      default: 'yaml',
      help: 'Output format. One of: (json, yaml, kyaml, name, jsonpath, jsonpath-as-json, jsonpath-file).',
    },
    merge: { type: 'bool', default: true, help: 'Merge the full hierarchy of kubeconfig files' },
    'show-managed-fields': { type: 'bool', help: 'If true, keep the managedFields when printing objects in JSON or YAML format.' },
    raw: { type: 'bool', help: 'Display raw byte data and sensitive data' },
  },
  async run(context) {
    const { args, flags, shell } = context;
    const { kubeconfig, context: chosenContext } = flags as { readonly kubeconfig?: string; readonly context?: string };
    if (args.length > 0) throw new UsageError(`unexpected arguments: [${args.join(' ')}]`, 'examples');
    if (!flags.merge && !kubeconfig) throw new Error('if merge==false a precise file must be specified');
    // What is taken out of files must be found.
    const whole = mergeKubeconfigs([flags.flatten ? context.cluster.config : startingConfig(context)]);
    const chosen = flags.minify ? minified(whole, chosenContext) : whole;
    const flat = flags.flatten ? flattened(chosen) : chosen;
    const shown = flags.raw || flags.flatten ? flat : redacted(flat);
    // Through the file's own text, so that what is empty is written as kubectl writes it.
    const document = withNulls(parseYaml(renderKubeconfig(shown)).value as AnyObject);
    shell.stdout.write(objectPrinter(flags.output, { showManagedFields: true })(document));
  },
});

function withNulls(document: AnyObject): AnyObject {
  return Object.fromEntries(
    Object.entries(document).map(([key, value]) => [key, Array.isArray(value) && value.length === 0 ? null : value]),
  ) as unknown as AnyObject;
}

function minified(config: Kubeconfig, asked = ''): Kubeconfig {
  const name = asked || config['current-context'] || '';
  const found = config.contexts?.find((each) => each.name === name);
  if (!found) throw new Error(name ? `cannot locate context ${name}` : 'current-context must exist in order to minify');
  return {
    ...config,
    'current-context': name,
    contexts: [found],
    clusters: (config.clusters ?? []).filter((each) => each.name === found.context.cluster),
    users: (config.users ?? []).filter((each) => each.name === found.context.user),
  };
}

function flattened(config: Kubeconfig): Kubeconfig {
  const inline = (holder: object): object =>
    Object.fromEntries(
      Object.entries(holder).map(([key, value]) =>
        ['certificate-authority', 'client-certificate', 'client-key'].includes(key) && typeof value === 'string'
          ? [`${key}-data`, readFileSync(value).toString('base64')]
          : [key, value],
      ),
    );
  return {
    ...config,
    clusters: (config.clusters ?? []).map(({ name, cluster }) => ({ name, cluster: inline(cluster) })),
    users: (config.users ?? []).map(({ name, user }) => ({ name, user: inline(user) })),
  };
}

const secrets: Readonly<Record<string, string>> = {
  'certificate-authority-data': 'DATA+OMITTED',
  'client-certificate-data': 'DATA+OMITTED',
  'client-key-data': 'DATA+OMITTED',
  token: 'REDACTED',
  password: 'REDACTED',
};

function redacted(config: Kubeconfig): Kubeconfig {
  const hide = (holder: object): object => Object.fromEntries(Object.entries(holder).map(([key, value]) => [key, secrets[key] ?? value]));
  return {
    ...config,
    clusters: (config.clusters ?? []).map(({ name, cluster }) => ({ name, cluster: hide(cluster) })),
    users: (config.users ?? []).map(({ name, user }) => ({ name, user: hide(user) })),
  };
}
