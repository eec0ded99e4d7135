import { Decoder, parseBody, protobufEncoder } from '@keelson/apiserver';
import { StatusError } from '@keelson/machinery';

export interface KindName {
  readonly apiVersion: string;
  readonly kind: string;
}

export type Form = 'json' | 'protobuf' | 'yaml';

const mediaTypes = { json: 'application/json', yaml: 'application/yaml', protobuf: 'application/vnd.kubernetes.protobuf' };

/** What was read of an object, or why nothing was. */
export type Read = { readonly object: unknown; readonly faults: readonly string[] } | { readonly error: string };

/** Our server's way from bytes to objects and back. */
export class OurWire {
  readonly #decoder: Decoder;
  readonly #typeNames: ReadonlyMap<string, string>;

  private constructor(decoder: Decoder) {
    this.#decoder = decoder;
    const named = Object.entries(decoder.schemas).flatMap(([typeName, schema]) =>
      (schema['x-kubernetes-group-version-kind'] ?? []).map(({ group, version, kind }): [string, string] => [
        `${group ? `${group}/` : ''}${version} ${kind}`,
        typeName,
      ]),
    );
    this.#typeNames = new Map(named);
  }

  static async load(): Promise<OurWire> {
    return new OurWire(await Decoder.load());
  }

  /** Of watches nothing is read but what they tell of. */
  knows({ apiVersion, kind }: KindName): boolean {
    return kind !== 'WatchEvent' && this.#typeNames.has(`${apiVersion} ${kind}`);
  }

  /** Whether there are lists of its objects. */
  lists({ apiVersion, kind }: KindName): boolean {
    const typeName = this.#typeNames.get(`${apiVersion} ${kind}List`) ?? '';
    return this.#decoder.schemas[typeName]?.properties?.items !== undefined;
  }

  /** As the server reads the body of a request, with all that it would warn of. */
  async read(form: Form, body: Buffer, { apiVersion, kind }: KindName): Promise<Read> {
    const typeName = this.#typeNames.get(`${apiVersion} ${kind}`) ?? '';
    try {
      const { value, source } = await parseBody(body, mediaTypes[form], { apiVersion, kind, isCustom: false }, true, this.#decoder.schemas);
      const { object, warnings } = this.#decoder.decode({ apiVersion, kind, typeName }, value, source, 'Warn');
      return { object, faults: warnings };
    } catch (error) {
      return { error: error instanceof StatusError ? (error.status.message ?? '') : String(error) };
    }
  }

  /** What is read must be whole: with `kind` and `apiVersion`. */
  async protobuf(object: object): Promise<Buffer> {
    return (await protobufEncoder()).object(jsonOf(object));
  }

  /** A list of it alone. */
  async list({ apiVersion, kind }: KindName, object: object): Promise<Buffer> {
    return (await protobufEncoder()).list({ kind: `${kind}List`, apiVersion, resourceVersion: '7' }, [jsonOf(object)]);
  }

  /** What a watch says of it, without the length that goes before. */
  async event(object: object): Promise<Buffer> {
    return (await protobufEncoder()).event('ADDED', jsonOf(object)).subarray(4);
  }
}

function jsonOf(object: object): Buffer {
  return Buffer.from(JSON.stringify(object));
}
