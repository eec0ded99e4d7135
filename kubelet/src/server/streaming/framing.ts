/** Channels of Kubernetes' remote command protocols; 255 closes the channel named by the next byte (v5 only). */
export const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** How a protocol puts a channel and its bytes into a message. */
export interface Framing {
  /** A string becomes a text message. */
  encode(channel: number, data: Buffer): Buffer | string;
  /** Undefined for what names no channel. */
  decode(message: Buffer): { readonly channel: number; readonly data: Buffer } | undefined;
  /** Whether the error channel carries a whole `metav1.Status`; else the message of a failure, and nothing of success. */
  readonly wholeStatus: boolean;
}

/** The channel is the first byte. */
const binary = {
  encode: (channel: number, data: Buffer) => Buffer.concat([Buffer.from([channel]), data]),
  decode: (message: Buffer) => (message.length === 0 ? undefined : { channel: message[0] ?? 0, data: message.subarray(1) }),
};

/** The channel is a digit, and base64 follows. */
const base64 = {
  encode: (channel: number, data: Buffer) => `${channel}${data.toString('base64')}`,
  decode(message: Buffer) {
    const channel = (message[0] ?? 0) - 0x30;
    return channel < 0 || channel > 9 ? undefined : { channel, data: Buffer.from(message.toString('latin1', 1), 'base64') };
  },
};

/** The newest first: the first that the client offers is spoken. The nameless one is spoken with who offers none. */
const framings: ReadonlyMap<string, Framing> = new Map([
  ['v5.channel.k8s.io', { ...binary, wholeStatus: true }],
  ['v4.channel.k8s.io', { ...binary, wholeStatus: true }],
  ['v4.base64.channel.k8s.io', { ...base64, wholeStatus: true }],
  ['channel.k8s.io', { ...binary, wholeStatus: false }],
  ['base64.channel.k8s.io', { ...base64, wholeStatus: false }],
  ['', { ...binary, wholeStatus: false }],
]);

export const protocols: readonly string[] = [...framings.keys()].filter(Boolean);

/** The framing of an agreed protocol. @throws Error for one that is not in `protocols`. */
export function framingOf(protocol: string): Framing {
  const found = framings.get(protocol);
  if (!found) throw new Error(`unknown protocol ${protocol}`);
  return found;
}
