import type { Image, ImageFilesystem, Images, RegistryAuth, SandboxConfig } from '../types.ts';
import type { CriClient } from './client.ts';
import { ImageServiceDefinition } from './codec/cri.ts';
import { sandboxConfig } from './requests.ts';
import * as response from './responses.ts';

const { fullName: service, methods } = ImageServiceDefinition;

export class GrpcImages implements Images {
  readonly #client: CriClient;
  readonly #timeoutMs: number;

  constructor(client: CriClient, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  async status(image: string): Promise<Image | undefined> {
    const found = await this.#client.call(service, methods.imageStatus, { image: { image } }, this.#timeoutMs);
    return found.image && response.image(found.image);
  }

  /** Has no deadline: the runtime itself gives up when no bytes arrive. */
  async pull(image: string, auth: RegistryAuth | undefined, sandbox: SandboxConfig): Promise<string> {
    const request = { image: { image }, auth: auth && { ...auth }, sandboxConfig: sandboxConfig(sandbox) };
    return (await this.#client.call(service, methods.pullImage, request, Number.POSITIVE_INFINITY)).imageRef;
  }

  async list(): Promise<readonly Image[]> {
    const { images } = await this.#client.call(service, methods.listImages, {}, this.#timeoutMs);
    return images.map(response.image);
  }

  async remove(image: string): Promise<void> {
    await this.#client.call(service, methods.removeImage, { image: { image } }, this.#timeoutMs);
  }

  async filesystem(): Promise<ImageFilesystem> {
    return response.imageFilesystem(await this.#client.call(service, methods.imageFsInfo, {}, this.#timeoutMs));
  }
}
