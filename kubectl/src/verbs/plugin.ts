import { findPlugins, type Plugin, pluginPrefix } from '../plugins.ts';
import { defineVerb, type Verb, type VerbEntry } from '../types.ts';

const list: Verb = defineVerb({
  usage: 'plugin list [flags] [options]',
  flags: { 'name-only': { type: 'bool', help: 'If true, display only the binary name of each plugin, rather than its full path' } },
  async run({ flags, shell }) {
    const { verbs } = await import('./index.ts');
    const skip = (folder: string): unknown =>
      shell.stderr.write(
        `Unable to read directory ${JSON.stringify(folder)} from your PATH: open ${folder}: no such file or directory. Skipping...\n`,
      );
    const plugins = findPlugins(shell, skip);
    if (plugins.length === 0) throw new Error('unable to find any kubectl plugins in your PATH');
    shell.stdout.write('The following compatible plugins are available:\n\n');
    let count = 0;
    for (const plugin of plugins) {
      shell.stdout.write(`${flags['name-only'] ? plugin.name : plugin.path}\n`);
      for (const problem of [...problemsOf(plugin, plugins), ...(await hidden(plugin, verbs))]) {
        shell.stderr.write(`  - warning: ${problem}\n`);
        count++;
      }
    }
    if (count > 0) throw new Error(count === 1 ? 'one plugin warning was found' : `${count} plugin warnings were found`);
  },
});

function problemsOf({ name, path, executable }: Plugin, plugins: readonly Plugin[]): string[] {
  const first = plugins.find((each) => each.name === name);
  return [
    ...(executable ? [] : [`${path} identified as a kubectl plugin, but it is not executable`]),
    ...(first && first.path !== path ? [`${path} is overshadowed by a similarly named plugin: ${first.path}`] : []),
  ];
}

/** The verb, with the subverbs its words name, that a plugin's name begins with. */
async function hidden({ name }: Plugin, verbs: readonly VerbEntry[]): Promise<string[]> {
  const path: string[] = [];
  let entries: readonly VerbEntry[] = [...verbs, { name: 'help', summary: '', load: async () => ({ usage: '', flags: {} }) }];
  for (const word of name.slice(pluginPrefix.length).split('-')) {
    const entry = entries.find((each) => each.name === word || each.aliases?.includes(word));
    if (!entry) break;
    path.push(entry.name);
    entries = (await entry.load()).subverbs ?? [];
  }
  return path.length > 0 ? [`${name} overwrites existing command: "kubectl ${path.join(' ')}"`] : [];
}

const subverbs: readonly VerbEntry[] = [
  { name: 'list', summary: "List all visible plugin executables on a user's PATH", load: async () => list },
];

export const verb: Verb = defineVerb({ usage: 'plugin [flags] [options]', flags: {}, subverbs });
