/** How a stream ended. */
export interface Outcome {
  readonly exitCode: number;
  readonly message: string;
}

/** What to say of a stream that broke before the runtime told how the process ended. */
export const broken: Outcome = { exitCode: -1, message: 'the container runtime closed the stream before the process ended' };

/** Reads the Status that a streaming server sends on its error stream, as in `v4.channel.k8s.io`. `exitCode` is -1 when it names none. */
export function outcome(text: string): Outcome {
  if (text === '') return broken;
  const status = parse(text);
  if (!status) return { exitCode: -1, message: text };
  if (status.status === 'Success') return { exitCode: 0, message: '' };
  const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode');
  const exitCode = status.reason === 'NonZeroExitCode' ? Number(cause?.message) : -1;
  return { exitCode: Number.isInteger(exitCode) ? exitCode : -1, message: status.message ?? '' };
}

interface StatusText {
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

function parse(text: string): StatusText | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
