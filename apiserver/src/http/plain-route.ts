/** A GET for something that is no resource. */
export interface PlainRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  /** A header, by its name in lower case; empty when it is absent. */
  header(name: string): string;
}

export interface PlainAnswer {
  /** 200 unless told. */
  readonly status?: number;
  readonly type: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether it is an object in JSON, which clients may want in YAML or protobuf. */
  readonly isObject?: boolean;
}

/** Answers the paths it knows. */
export type PlainRoute = (request: PlainRequest) => Promise<PlainAnswer | undefined> | PlainAnswer | undefined;

export function json(document: unknown): PlainAnswer {
  return { type: 'application/json', body: JSON.stringify(document) };
}

/** As objects of the API are answered: in the form that the client prefers. */
export function object(document: object): PlainAnswer {
  return { ...json(document), isObject: true };
}
