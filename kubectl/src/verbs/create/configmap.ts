import type { Verb } from '../../types.ts';
import { collectData, type DataWords, dataFlags, isText } from './data.ts';
import { generator, nameOf } from './generator.ts';
import { withHash } from './hash.ts';

export const verb: Verb = generator(
  'configmap NAME [--from-file=[key=]source] [--from-literal=key1=value1]',
  dataFlags,
  async (context) => {
    const name = nameOf(context);
    const all = [...(await collectData(context.flags, wordsFor(name)))];
    const data = Object.fromEntries(all.filter(([, value]) => isText(value)).map(([key, value]) => [key, value.toString()]));
    const binaryData = Object.fromEntries(all.filter(([, value]) => !isText(value)).map(([key, value]) => [key, value.toString('base64')]));
    const made = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name },
      ...(Object.keys(data).length > 0 ? { data } : {}),
      ...(Object.keys(binaryData).length > 0 ? { binaryData } : {}),
    };
    return context.flags['append-hash'] ? withHash(made) : made;
  },
);

function wordsFor(name: string): DataWords {
  return {
    invalid: (key, problems) => `${JSON.stringify(key)} is not a valid key name for a ConfigMap: ${problems}`,
    taken: (key) =>
      `cannot add key ${JSON.stringify(key)}, another key by that name already exists in Data for ConfigMap ${JSON.stringify(name)}`,
  };
}
