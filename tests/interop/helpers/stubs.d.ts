// What the projects of fixtures/env use of other packages, in as few lines as they need.
declare module 'hono' {
  interface Context<E extends { Bindings?: object }> {
    env: E['Bindings'];
    text(text: string): unknown;
    render(page: unknown): unknown;
  }
  export class Hono<E extends { Bindings?: object } = {}> {
    get(path: string, handler: (context: Context<E>) => unknown): this;
    fetch(request: Request, env: E['Bindings'], context: ExecutionContext): Promise<Response>;
  }
}
declare module '@opennextjs/cloudflare' {
  export function getCloudflareContext(): { env: CloudflareEnv };
}
declare module '@astrojs/cloudflare' {
  export interface Runtime<T extends object> {
    runtime: { env: T };
  }
}
declare module 'react-router' {
  export interface AppLoadContext {}
  export interface LoaderFunctionArgs {
    context: AppLoadContext;
  }
}
declare module '@remix-run/cloudflare' {
  export interface AppLoadContext {}
}
declare module '@sveltejs/kit' {
  export interface RequestEvent {
    platform: App.Platform;
  }
}
declare module 'cloudflare:test' {
  interface ProvidedEnv {}
  export const env: ProvidedEnv;
}
interface CloudflareEnv {}
declare namespace App {
  interface Locals {}
  interface Platform {}
}
declare namespace JSX {
  interface IntrinsicElements {
    [name: string]: object;
  }
}
