import type { ModelRuntime } from '../../cri/model/index.ts';
import type { LogSource } from './files.ts';

/** What model containers printed. Following ends with what is there: a model's log is no file to wait on. */
export function modelLogs(runtime: ModelRuntime): LogSource {
  return {
    async *read(_path, containerId, { tailLines }) {
      const lines = runtime.logs(containerId);
      for (const { at, stream, text } of tailLines === undefined ? lines : lines.slice(Math.max(0, lines.length - tailLines))) {
        yield { time: new Date(at).toISOString(), stream, partial: false, text: Buffer.from(text) };
      }
    },
  };
}
