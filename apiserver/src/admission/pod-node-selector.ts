import { errorMessage } from '@keelson/base';
import { forbidden, notFound } from '@keelson/machinery';
import { Namespace, Pod } from '@keelson/types';
import { isWriteOf } from './objects.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

type Labels = Readonly<Record<string, string>>;

/** By namespace: the labels its pods may choose nodes by. */
export interface PodNodeSelectorConfiguration {
  /** For namespaces that say nothing themselves. */
  readonly clusterDefault: Labels;
  readonly allowed: Readonly<Record<string, Labels>>;
}

export const noPodNodeSelectors: PodNodeSelectorConfiguration = { clusterDefault: {}, allowed: {} };

const clusterDefault = 'clusterDefaultNodeSelector';

/** Reads `podNodeSelectorPluginConfig`. @throws Error in one sentence. */
export function parsePodNodeSelector(document: unknown): PodNodeSelectorConfiguration {
  const { podNodeSelectorPluginConfig: stated = {} } = (document ?? {}) as {
    podNodeSelectorPluginConfig?: Readonly<Record<string, string>>;
  };
  const parsed = Object.entries(stated).map(([name, text]) => [name, parseLabels(text)] as const);
  const { [clusterDefault]: own = {}, ...allowed } = Object.fromEntries(parsed);
  return { clusterDefault: own, allowed };
}

/** `a=b,c=d`. @throws Error for what is no such list. */
export function parseLabels(text: string): Labels {
  const pairs = text.split(',').filter((part) => part.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key, value, ...rest] = pair.split('=').map((part) => part.trim());
      if (!key || value === undefined || rest.length > 0) throw new Error(`invalid selector: ${text}`);
      return [key, value];
    }),
  );
}

const annotation = 'scheduler.alpha.kubernetes.io/node-selector';

/** Pods of a namespace go to the nodes it is given. */
export function podNodeSelector({ clusterDefault: usual, allowed }: PodNodeSelectorConfiguration): AdmissionPlugin {
  const selectorOf = async (attributes: AdmissionAttributes): Promise<Labels> => {
    const found = await attributes.registry.readFresh(Namespace, '', attributes.namespace);
    if (!found) throw notFound({ group: '', resource: 'namespaces' }, attributes.namespace);
    const own = found.metadata.annotations?.[annotation];
    try {
      return own === undefined ? usual : parseLabels(own);
    } catch (error) {
      throw refusal(attributes, errorMessage(error));
    }
  };
  const checked = async (attributes: AdmissionAttributes): Promise<Labels> => {
    const wanted = await selectorOf(attributes);
    const { nodeSelector = {} } = (attributes.object as Pod).spec;
    const isTorn = Object.entries(wanted).some(([key, value]) => (nodeSelector[key] ?? value) !== value);
    if (isTorn) throw refusal(attributes, 'pod node label selector conflicts with its namespace node label selector');
    return wanted;
  };
  return {
    name: 'PodNodeSelector',
    async admit(attributes) {
      if (!isWriteOf(attributes, Pod, 'CREATE')) return;
      const wanted = await checked(attributes);
      const { spec } = attributes.object as Pod;
      if (Object.keys(wanted).length > 0) spec.nodeSelector = { ...wanted, ...spec.nodeSelector };
    },
    async validate(attributes) {
      if (!isWriteOf(attributes, Pod, 'CREATE')) return;
      await checked(attributes);
      const allowedHere = allowed[attributes.namespace] ?? {};
      if (Object.keys(allowedHere).length === 0) return;
      const { nodeSelector = {} } = (attributes.object as Pod).spec;
      if (Object.entries(nodeSelector).some(([key, value]) => allowedHere[key] !== value))
        throw refusal(attributes, 'pod node label selector labels conflict with its namespace whitelist');
    },
  };
}

function refusal({ store, name }: AdmissionAttributes, why: string): Error {
  return forbidden(store.groupResource, name, why);
}
