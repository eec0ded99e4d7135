import { OutputQueue } from '../output.ts';
import type { ExecResult, Stream, StreamOptions, Streams } from '../types.ts';
import { RuntimeError } from '../types.ts';
import type { Behaviour, ModelCall } from './options.ts';
import type { ContainerRecord, World } from './world.ts';

const success: ExecResult = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), exitCode: 0 };

export class ModelStreams implements Streams {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async execSync(containerId: string, command: readonly string[]): Promise<ExecResult> {
    return answer(this.#entered('ExecSync', containerId), command);
  }

  /** The command's answer as a stream; what is written to it is dropped. */
  async exec(containerId: string, options: StreamOptions & { readonly command: readonly string[] }): Promise<Stream> {
    const result = answer(this.#entered('Exec', containerId), options.command);
    const output = new OutputQueue();
    if (options.stdout) output.push('stdout', result.stdout);
    if (options.stderr) output.push(options.tty ? 'stdout' : 'stderr', result.stderr);
    output.end();
    const message = result.exitCode === 0 ? '' : `command terminated with exit code ${result.exitCode}`;
    return stream(output, Promise.resolve({ exitCode: result.exitCode, message }), () => undefined);
  }

  /** What the container prints from now on, until it ends. */
  async attach(containerId: string): Promise<Stream> {
    const record = this.#entered('Attach', containerId);
    const { output, finish, done } = open();
    record.attached.add(output);
    record.onExit.push(finish);
    const close = (): void => {
      record.attached.delete(output);
      finish();
    };
    return { ...stream(output, done, () => undefined), close };
  }

  async portForward(sandboxId: string, port: number): Promise<Stream> {
    const world = this.#world;
    world.enter('PortForward');
    const containers = [...world.sandbox(sandboxId).containers].map((id) => world.container(id));
    const respond = containers.filter(({ state }) => state.phase === 'running').map((record) => responder(record.behaviour, port));
    const found = respond.find((each) => each !== undefined);
    if (!found)
      throw new RuntimeError(
        'Unknown',
        `failed to connect to localhost:${port} inside namespace ${JSON.stringify(sandboxId)}: connection refused`,
      );
    const { output, finish, done } = open();
    return { ...stream(output, done, (data) => output.push('stdout', found(data))), end: finish, close: finish };
  }

  #entered(call: ModelCall, containerId: string): ContainerRecord {
    this.#world.enter(call);
    return this.#world.running(containerId);
  }
}

function answer(record: ContainerRecord, command: readonly string[]): ExecResult {
  return record.behaviour.exec?.(command) ?? success;
}

function responder(behaviour: Behaviour, port: number): ((data: Buffer) => Buffer) | undefined {
  return behaviour.ports?.[port];
}

function open(): { output: OutputQueue; finish: () => void; done: Stream['done'] } {
  const output = new OutputQueue();
  const { promise, resolve } = Promise.withResolvers<{ exitCode: number; message: string }>();
  const finish = (): void => {
    output.end();
    resolve({ exitCode: 0, message: '' });
  };
  return { output, finish, done: promise };
}

function stream(output: OutputQueue, done: Stream['done'], write: (data: Buffer) => void): Stream {
  return { output, done, write, end: () => undefined, resize: () => undefined, close: () => output.end() };
}
