import type { Verb } from '../../types.ts';
import { collectData, dataFlags, isText } from './data.ts';
import { generator, nameOf } from './generator.ts';

export const verb: Verb = generator(
  'configmap NAME [--from-file=[key=]source] [--from-literal=key1=value1]',
  dataFlags,
  async (context) => {
    const name = nameOf(context);
    const all = [...(await collectData(context.flags))];
    const data = Object.fromEntries(all.filter(([, value]) => isText(value)).map(([key, value]) => [key, value.toString()]));
    const binaryData = Object.fromEntries(all.filter(([, value]) => !isText(value)).map(([key, value]) => [key, value.toString('base64')]));
    return {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name },
      ...(Object.keys(data).length > 0 ? { data } : {}),
      ...(Object.keys(binaryData).length > 0 ? { binaryData } : {}),
    };
  },
);
