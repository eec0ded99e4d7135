/*
 * The images that stand for upstream's. By default they are what `npm run up` puts on its nodes; a cluster that has others is told by
 * the environment: KEELSON_IMAGE_BUSYBOX, KEELSON_IMAGE_PAUSE, KEELSON_IMAGE_HELLO, KEELSON_IMAGE_HELLO_NEXT, KEELSON_IMAGE_NODE.
 */

const chosen = (name: string, image: string): string => process.env[`KEELSON_IMAGE_${name}`] ?? image;

/** Upstream's busybox, and its agnhost where an applet does what is asked (sh, httpd, nc, wget, nslookup). Its command is `sh`. */
export const busybox = chosen('BUSYBOX', 'docker.io/library/busybox:1.37');

/** Runs until it is stopped. */
export const pause = chosen('PAUSE', 'registry.k8s.io/pause:3.10.2');

/** Upstream's nginx and nautilus: a web server on port 8080 with an entry point of its own, in two versions that say so. */
export const hello = chosen('HELLO', 'docker.io/keelson/hello:v1');
export const helloNext = chosen('HELLO_NEXT', 'docker.io/keelson/hello:v2');

/** Has Node at /usr/local/bin/node and no shell: what agnhost serves is served by `agent.mjs` in it. It comes with the addon `dns`. */
export const node = chosen('NODE', 'docker.io/keelson/dns:v1.36.0');
