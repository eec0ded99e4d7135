/** A request that fails before anything is known of the form its answer is to have: upstream tells it as text. */
export class PlainFault extends Error {}
