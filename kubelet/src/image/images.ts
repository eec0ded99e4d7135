import { Backoff, type Clock, errorMessage } from '@keelson/base';
import type { Container, Pod, Secret } from '@keelson/types';
import { ConfigError } from '../config/errors.ts';
import type { Image, Images, RegistryAuth, SandboxConfig } from '../cri/types.ts';
import { podUid } from '../pod/naming.ts';
import { credentialsFor } from './credentials.ts';
import { pullPolicy, withDefaultTag } from './name.ts';

/** An image that cannot be had now. `retryAt`: when asking again makes sense. */
export class ImageError extends Error {
  readonly reason: string;
  readonly retryAt: number;

  constructor(reason: string, message: string, retryAt: number) {
    super(message);
    this.name = 'ImageError';
    this.reason = reason;
    this.retryAt = retryAt;
  }
}

export interface ImageRequest {
  readonly pod: Pod;
  readonly container: Container;
  readonly sandbox: SandboxConfig;
  /** Fetched only when something must be pulled. */
  pullSecrets(): Promise<readonly Secret[]>;
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
}

export interface ReadyImage {
  readonly ref: string;
  readonly image: Image | undefined;
}

/** How long ErrImagePull stands in the status before it reads ImagePullBackOff. */
const showError = 3_000;

/** Sees that the images of containers are on the node: by policy, with back-off from 10 s to 5 min per pod and image. */
export class ImageManager {
  readonly #images: Images;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #failed = new Map<string, { readonly message: string; readonly until: number }>();

  constructor(images: Images, clock: Clock) {
    this.#images = images;
    this.#clock = clock;
    this.#backoff = new Backoff({ initial: 10_000, max: 300_000, resetAfter: 600_000 }, clock);
  }

  /** @throws ImageError, or ConfigError for a name that is none. */
  async ensure(request: ImageRequest): Promise<ReadyImage> {
    const { container } = request;
    const name = container.image ?? '';
    if (!/^[\w][\w./:@-]*$/.test(name))
      throw new ConfigError(
        `Failed to apply default image tag "${name}": couldn't parse image name "${name}": invalid reference format`,
        'InvalidImageName',
      );
    const tagged = withDefaultTag(name);
    const policy = pullPolicy(name, container.imagePullPolicy);
    const present = await this.#images.status(tagged);
    if (present && policy !== 'Always') {
      request.event('Normal', 'Pulled', `Container image "${name}" already present on machine and can be accessed by the pod`);
      return { ref: present.id, image: present };
    }
    if (policy === 'Never') {
      const message = `Container image "${name}" is not present with pull policy of Never`;
      request.event('Warning', 'ErrImageNeverPull', message);
      throw new ImageError('ErrImageNeverPull', message, this.#clock.now() + 10_000);
    }
    return this.#pull(request, name, tagged);
  }

  async #pull(request: ImageRequest, name: string, tagged: string): Promise<ReadyImage> {
    const key = `${podUid(request.pod)}_${tagged}`;
    const failed = this.#failed.get(key);
    if (failed && failed.until > this.#clock.now()) {
      request.event('Normal', 'BackOff', `Back-off pulling image "${name}"`);
      throw new ImageError('ImagePullBackOff', `Back-off pulling image "${name}": ErrImagePull: ${failed.message}`, failed.until);
    }
    request.event('Normal', 'Pulling', `Pulling image "${name}"`);
    const started = this.#clock.now();
    try {
      const ref = await this.#pullWithAny(tagged, credentialsFor(tagged, await request.pullSecrets()), request.sandbox);
      this.#failed.delete(key);
      this.#backoff.reset(key);
      const image = await this.#images.status(ref);
      const took = goDuration(this.#clock.now() - started);
      request.event(
        'Normal',
        'Pulled',
        `Successfully pulled image "${name}" in ${took} (${took} including waiting). Image size: ${image?.sizeBytes ?? 0} bytes.`,
      );
      return { ref, image };
    } catch (error) {
      const message = errorMessage(error);
      request.event('Warning', 'Failed', `Failed to pull image "${name}": ${message}`);
      const now = this.#clock.now();
      this.#failed.set(key, { message, until: now + this.#backoff.next(key) });
      throw new ImageError('ErrImagePull', message, now + showError);
    }
  }

  /** Tries each credential in turn, and none when there is none. @throws the last failure. */
  async #pullWithAny(image: string, credentials: readonly RegistryAuth[], sandbox: SandboxConfig): Promise<string> {
    let failure: unknown;
    for (const auth of credentials.length > 0 ? credentials : [undefined]) {
      try {
        return await this.#images.pull(image, auth, sandbox);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }
}

/** As Go prints durations below and above a second. */
function goDuration(ms: number): string {
  return ms < 1000 ? `${ms}ms` : `${Number((ms / 1000).toFixed(3))}s`;
}
