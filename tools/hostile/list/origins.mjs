// @ts-check
/** @import { Area, Entry } from '../lib/types.mjs' */

const TRACKER_TARGET = 'packages/tracker/src/http-target.ts';
const TRACKER_TEST = 'packages/tracker/test/http-client.test.ts';
const WEB_EXCHANGE = 'packages/client/src/web-seed/http-exchange.ts';
const WEB_TEST = 'packages/client/test/loopback/web-seed-http.test.ts';

/** @type {readonly Entry[]} */
const entries = [
  {
    id: 'tracker-credentials',
    input: 'A tracker that redirects to another origin, to get the password of its URL',
    guard: 'Credentials go to their own origin only',
    test: TRACKER_TEST,
    name: 'HttpTrackerClient sends credentials of the URL to its own origin only',
    remove: {
      file: TRACKER_TARGET,
      text: 'return target.origin === from.origin ? { ...target, authorization: from.authorization } : target;',
      by: 'return { ...target, authorization: from.authorization };',
    },
  },
  {
    id: 'tracker-redirect-credentials',
    input: 'A redirect that brings credentials of its own',
    guard: 'None are taken from it',
    test: TRACKER_TEST,
    name: 'HttpTrackerClient sends credentials to no other origin, and nothing from https to http',
    remove: {
      file: TRACKER_TARGET,
      text: 'target = fromUrl(url, `${url.pathname}${url.search}`, false);',
      by: 'target = fromUrl(url, `${url.pathname}${url.search}`, true);',
    },
  },
  {
    id: 'tracker-https-to-http',
    input: 'A redirect from https to http, where others could read along',
    guard: 'Refused',
    test: TRACKER_TEST,
    name: 'HttpTrackerClient sends credentials to no other origin, and nothing from https to http',
    remove: {
      file: TRACKER_TARGET,
      text: "if (from.protocol === 'https:' && target.protocol === 'http:') {",
      by: "if (from.host === '' && target.protocol === 'http:') {",
    },
  },
  {
    id: 'tracker-shown-host',
    input: 'A tracker whose host looks like another in a message, or whose URL holds a password',
    guard: 'Hosts are shown in ASCII, and nothing of the URL but host and port',
    test: TRACKER_TEST,
    name: 'HttpTrackerClient shows hosts as they are asked for: other scripts as punycode, credentials not at all',
    remove: { file: TRACKER_TARGET, text: 'host: url.host,', by: 'host: url.href,' },
  },
  {
    id: 'web-seed-redirect-scheme',
    input: 'A web seed that redirects to `file:`',
    guard: 'It redirects to the web only',
    test: WEB_TEST,
    name: 'requests to web seeds give up redirects in a circle, and those that are not of the web',
    remove: {
      file: WEB_EXCHANGE,
      text: "if (protocol !== 'http:' && protocol !== 'https:') {",
      by: "if (hostname === 'x') {",
    },
  },
  {
    id: 'web-seed-redirect-circle',
    input: 'A web seed that redirects for ever',
    guard: 'A limit of five',
    test: WEB_TEST,
    name: 'requests to web seeds give up redirects in a circle, and those that are not of the web',
    remove: {
      file: WEB_EXCHANGE,
      text: 'if (this.#redirects > webSeedDefaults.maxRedirects) {',
      by: 'if (this.#redirects < 0) {',
    },
  },
  {
    id: 'web-seed-credentials',
    input: 'A web seed that redirects to another origin, to get the password of its URL',
    guard: 'Credentials go to their own origin only, over however many redirects',
    test: WEB_TEST,
    name: 'requests to web seeds follow redirects, with credentials to the same origin only',
    remove: {
      file: WEB_EXCHANGE,
      text: "if (base.origin !== target.origin || (base.username === '' && base.password === '')) return {};",
      by: "if (base.username === '' && base.password === '') return {};",
    },
  },
  {
    id: 'web-seed-https-to-http',
    input: 'A web seed that redirects from https to http',
    guard: 'Refused',
    test: WEB_TEST,
    name: 'requests to web seeds follow redirects from http to https, and never back',
    remove: {
      file: WEB_EXCHANGE,
      text: "if (next.protocol === 'http:' && new URL(this.#url).protocol === 'https:') {",
      by: "if (next.protocol === 'x:') {",
    },
  },
];

/** @type {Area} */
export const origins = { name: 'origins', title: 'Redirects and credentials', entries };
