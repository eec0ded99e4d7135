import { createHash, createHmac } from 'node:crypto';
import { type Clock, errorMessage, type Logger, type Random, rfc3339, sleep } from '@keelson/base';
import { aesgcm, type Transformer } from '../transform.ts';
import type { KmsService, SealedSeed } from './types.ts';
import { decodeEnvelope, type Envelope, encodeEnvelope, sourceTypes } from './wire.ts';

export interface KmsDeps {
  readonly service: KmsService;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Bytes that nobody can guess. */
  readonly secret: (length: number) => Buffer;
}

/** Milliseconds: how often a service is asked how it is, and how long an answer holds. */
const every = { well: 60_000, ill: 10_000 };
const holds = { well: 20_000, ill: 3_000 };
/** How long values are sealed with a seed whose service does not answer, in milliseconds. */
const coasting = 180_000;
const largest = { keyID: 1024, seed: 1024, annotations: 32 * 1024 };
const infoLength = 32;
const nonceLength = 12;
const seedLength = 32;

interface Seed {
  readonly bytes: Buffer;
  readonly sealed: SealedSeed;
  readonly until: number;
}

/** What was asked of the service, and until when the answer holds. */
interface Asked {
  readonly until: number;
  readonly answer: Promise<void>;
}

/**
 * Seals values with keys that follow from a seed, which a key management service seals in turn: one call for as long as the service keeps
 * its key. Its form is upstream's version 2, with a key for each value.
 */
export class KmsProvider {
  readonly #name: string;
  readonly #deps: KmsDeps;
  /** Opened seeds and keys, by what they were sealed as. */
  readonly #opened = new Map<string, Buffer>();
  /** Those that are asked for, and for a while those that could not be opened: many values share one. */
  readonly #asked = new Map<string, Asked>();
  #seed: Seed | undefined;
  #version = '';
  #last: Asked = { until: 0, answer: Promise.resolve() };

  constructor(name: string, deps: KmsDeps) {
    this.#name = name;
    this.#deps = deps;
  }

  /** Asks the service how it is, and follows a change of its key. @throws Error when it is not well. */
  check(): Promise<void> {
    const { clock } = this.#deps;
    if (clock.now() < this.#last.until) return this.#last.answer;
    const answer = this.#ask();
    this.#last = { until: Number.POSITIVE_INFINITY, answer };
    const settled = (ms: number) => (): void => {
      this.#last = { until: clock.now() + ms, answer };
    };
    answer.then(settled(holds.well), settled(holds.ill));
    return answer;
  }

  /** Keeps the seed up to date until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, service } = this.#deps;
    let wait = this.#seed ? every.well : every.ill;
    while (!signal.aborted) {
      await sleep(clock, wait, signal).catch(() => undefined);
      if (signal.aborted) break;
      wait = await this.check().then(
        () => every.well,
        (error: unknown) => {
          log.error('kms plugin failed health check probe', { name: this.#name, err: errorMessage(error) });
          return every.ill;
        },
      );
    }
    service.close();
  }

  transformer(): Transformer {
    const prefix = Buffer.from(`k8s:enc:kms:v2:${this.#name}:`);
    const envelopeIn = (stored: Buffer): Envelope => decodeEnvelope(stored.subarray(prefix.length));
    return {
      prefix,
      nonceLength: infoLength + nonceLength,
      seal: (value, key, nonce) => Buffer.concat([prefix, this.#seal(value, key, nonce)]),
      open: (stored, key) => this.#open(envelopeIn(stored), key),
      prepare: (stored) => this.#prepare(envelopeIn(stored)),
      isCurrent: (stored) => this.#isCurrent(envelopeIn(stored)),
    };
  }

  #seal(value: Buffer, key: string, nonce: Buffer): Buffer {
    const { clock } = this.#deps;
    const seed = this.#seed;
    if (!seed) throw new Error('got unexpected nil transformer');
    if (clock.now() > seed.until) {
      const [end, now] = [rfc3339(seed.until), rfc3339(clock.now())];
      throw new Error(`encryptedDEKSource with keyID hash "${hashOf(seed.sealed.keyID)}" expired at ${end} (current time is ${now})`);
    }
    const info = nonce.subarray(0, infoLength);
    const inner = aesgcm('', derive(seed.bytes, info));
    const sealed = inner.seal(value, key, nonce.subarray(infoLength)).subarray(inner.prefix.length);
    return encodeEnvelope({ data: Buffer.concat([info, sealed]), seed: seed.sealed, sourceType: sourceTypes.seed });
  }

  #open({ data, seed, sourceType }: Envelope, key: string): Buffer {
    const source = this.#opened.get(nameOf(seed));
    if (!source) throw new Error('its key was not asked for');
    const derived = sourceType === sourceTypes.seed;
    if (derived && data.length < infoLength) throw new Error('the stored data was shorter than the required size');
    const inner = aesgcm('', derived ? derive(source, data.subarray(0, infoLength)) : source);
    return inner.open(Buffer.concat([inner.prefix, derived ? data.subarray(infoLength) : data]), key);
  }

  #prepare({ seed }: Envelope): Promise<void> | undefined {
    const { clock } = this.#deps;
    const name = nameOf(seed);
    if (this.#opened.has(name)) return undefined;
    const last = this.#asked.get(name);
    if (last && clock.now() < last.until) return last.answer;
    const answer = this.#decrypt(seed, name);
    this.#asked.set(name, { until: Number.POSITIVE_INFINITY, answer });
    answer.then(
      () => this.#asked.delete(name),
      () => this.#asked.set(name, { until: clock.now() + holds.ill, answer }),
    );
    return answer;
  }

  async #decrypt(seed: SealedSeed, name: string): Promise<void> {
    const { service, random } = this.#deps;
    const bytes = await service.decrypt(seed, random.uuid()).catch((error: unknown) => {
      throw new Error(`failed to decrypt DEK, error: ${errorMessage(error)}`, { cause: error });
    });
    this.#opened.set(name, bytes);
  }

  #isCurrent({ seed, sourceType }: Envelope): boolean {
    return seed.keyID === this.#seed?.sealed.keyID && sourceType === sourceTypes.seed;
  }

  async #ask(): Promise<void> {
    const { service } = this.#deps;
    const status = await service.status().catch((error: unknown) => {
      throw new Error(
        `failed to perform status section of the healthz check for KMS Provider ${this.#name}, error: ${errorMessage(error)}`,
      );
    });
    const faults: string[] = [];
    if (status.healthz !== 'ok') faults.push(`got unexpected healthz status: ${status.healthz}`);
    if (status.version !== 'v2' && status.version !== 'v2beta1') faults.push(`expected KMSv2 API version v2, got ${status.version}`);
    else if (this.#version !== '' && this.#version !== status.version)
      faults.push(`KMSv2 API version should not change after the initial status response version ${this.#version}, got ${status.version}`);
    else this.#version = status.version;
    const problem = keyProblem(status.keyID);
    if (problem) faults.push(`got invalid KMSv2 KeyID hash "${hashOf(status.keyID)}": ${problem}`);
    else await this.#follow(status.keyID).catch((error: unknown) => faults.push(errorMessage(error)));
    if (faults.length === 0) return;
    throw new Error(`kmsv2 Provider ${this.#name} is not healthy, error: ${faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`}`);
  }

  /** A new seed where the service has a new key; the old one serves on when that fails, for a while. */
  async #follow(keyID: string): Promise<void> {
    const { clock, random, secret, service } = this.#deps;
    const until = clock.now() + coasting;
    if (this.#seed?.sealed.keyID === keyID) {
      this.#seed = { ...this.#seed, until };
      return;
    }
    const uid = random.uuid();
    const bytes = secret(seedLength);
    const failed = (why: string): Error => new Error(`failed to rotate DEK uid="${uid}", useSeed=true, errGen=${why}`);
    const sealed = await service.encrypt(bytes, uid).catch((error: unknown) => {
      throw failed(`failed to encrypt DEK, error: ${errorMessage(error)}`);
    });
    const problem = sealedProblem(sealed);
    if (problem) throw failed(problem);
    if (sealed.keyID !== keyID) throw failed(`<nil>, statusKeyIDHash="${hashOf(keyID)}", encryptKeyIDHash="${hashOf(sealed.keyID)}"`);
    this.#opened.set(nameOf(sealed), bytes);
    this.#seed = { bytes, sealed, until };
  }
}

/** HKDF's second half, with SHA-256, for one block: the first is for seeds that are not random. */
function derive(seed: Buffer, info: Buffer): Buffer {
  return createHmac('sha256', seed).update(info).update(Buffer.of(1)).digest();
}

function nameOf({ ciphertext, keyID, annotations }: SealedSeed): string {
  const more = [...annotations].map(([name, value]) => [name, value.toString('base64')]).sort();
  return JSON.stringify([ciphertext.toString('base64'), keyID, more]);
}

function hashOf(text: string): string {
  return text ? `sha256:${createHash('sha256').update(text).digest('hex')}` : '';
}

function keyProblem(keyID: string): string | undefined {
  const size = Buffer.byteLength(keyID);
  if (size === 0) return 'keyID is empty';
  return size > largest.keyID ? `keyID is ${size} bytes, which exceeds the max size of ${largest.keyID}` : undefined;
}

function sealedProblem({ ciphertext, keyID, annotations }: SealedSeed): string | undefined {
  if (ciphertext.length === 0) return 'failed to validate encrypted DEK source: encrypted DEK source is empty';
  if (ciphertext.length > largest.seed)
    return `failed to validate encrypted DEK source: encrypted DEK source is ${ciphertext.length} bytes, which exceeds the max size of ${largest.seed}`;
  const problem = keyProblem(keyID);
  if (problem) return `failed to validate key id: ${problem}`;
  const size = [...annotations].reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + value.length, 0);
  return size > largest.annotations
    ? `failed to validate annotations: total size of annotations is ${size}, which exceeds the max size of ${largest.annotations}`
    : undefined;
}
