import { throwAll } from '../../errors.ts';
import { defineVerb, type Verb } from '../../types.ts';
import { changePodSpecs, nothingToSet, workloadFlags } from './change.ts';
import { readPair, splitPairs } from './pairs.ts';

export const image: Verb = defineVerb({
  usage: 'set image (-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N [options]',
  flags: workloadFlags,
  async run(context) {
    const { resources, pairs } = splitPairs(context.args, 'image');
    if (pairs.length === 0) return nothingToSet(context, resources, 'at least one image update is required');
    const images = new Map(pairs.map(readPair));
    const missing: Error[] = [];
    await changePodSpecs(
      context,
      resources,
      'image updated',
      ({ containers, initContainers = [] }) => {
        const all = [...containers, ...initContainers];
        for (const [name, wanted] of images) {
          const named = name === '*' ? all : all.filter((each) => each.name === name);
          if (named.length === 0) missing.push(new Error(`error: unable to find container named ${JSON.stringify(name)}`));
          for (const each of named) each.image = wanted;
        }
      },
      { trouble: 'failed to patch image update to pod template:' },
    );
    throwAll(missing);
  },
});
