import type { Context } from '../../context.ts';
import { type Labelled, type Resource, within } from '../../resource.ts';

/** How a volume shows the keys of an object. */
export interface Showing {
  readonly items?: readonly { key: string; path: string; mode?: number }[];
  readonly defaultMode?: number;
  readonly optional?: boolean;
}

/** Objects whose keys a volume can show as files: ConfigMaps and Secrets, by themselves or projected. */
export interface FileSource {
  /** What Kubernetes' suite calls it. */
  readonly feature: string;
  readonly plural: 'configmaps' | 'secrets';
  /** The source of a volume of the named object. */
  volume(name: string, showing?: Showing): object;
}

const projection = (field: string): FileSource['volume'] => {
  return (name, { defaultMode, ...showing } = {}) => ({
    projected: { sources: [{ [field]: { name, ...showing } }], ...(defaultMode === undefined ? {} : { defaultMode }) },
  });
};

export const configMaps: FileSource = {
  feature: 'ConfigMap',
  plural: 'configmaps',
  volume: (name, showing) => ({ configMap: { name, ...showing } }),
};
export const projectedConfigMaps: FileSource = { feature: 'Projected configMap', plural: 'configmaps', volume: projection('configMap') };
export const secrets: FileSource = {
  feature: 'Secrets',
  plural: 'secrets',
  volume: (secretName, showing) => ({ secret: { secretName, ...showing } }),
};
export const projectedSecrets: FileSource = { feature: 'Projected secret', plural: 'secrets', volume: projection('secret') };

type Holder = Labelled & { data?: Record<string, string> };

/** The objects of a source, in the spec's namespace or another. */
export const objectsOf = (c: Context, { plural }: FileSource, namespace = c.namespace): Resource<Holder> =>
  within<Holder>(c, 'v1', plural, namespace);

/** The object with this text in it, as its kind writes it. */
export const holding = ({ plural }: FileSource, name: string, text: Readonly<Record<string, string>>) => ({
  metadata: { name },
  data: plural === 'secrets' ? encoded(text) : text,
});

const encoded = (text: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(text).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
