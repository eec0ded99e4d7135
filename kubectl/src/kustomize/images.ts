import type { Image } from './types.ts';

/** An image's name with what `images:` says of it. */
export function retagged(image: string, { name, newName, newTag = '', tagSuffix = '', digest = '' }: Image): string {
  const rest = image.startsWith(name) ? image.slice(name.length) : undefined;
  const [, tag = '', hash = ''] = /^(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$/.exec(rest ?? ' ') ?? [undefined, undefined, ' '];
  if (hash === ' ') return image;
  const named = newName || name;
  if (newTag !== '' && digest !== '') return `${named}:${newTag}@${digest}`;
  if (newTag !== '') return `${named}:${newTag}`;
  if (digest !== '') return `${named}@${digest}`;
  return tagSuffix === '' ? named + tag + hash : `${named}${tag}${tagSuffix}${hash}`;
}
