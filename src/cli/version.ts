declare const VPCAST_VERSION: string | undefined;

/** The version in package.json, put in by the build; `dev` when the sources run as they are. */
export const VERSION = typeof VPCAST_VERSION === 'string' ? VPCAST_VERSION : 'dev';
