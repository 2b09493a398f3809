// Types that scripts share. Nothing of this is sent to a browser: it is read by whatever checks the scripts'
// types (tests/it/scripts). What the API answers is as the gateway's OpenAPI document has it.

type Schemas = import("../../target/interop/scripts/openapi").components["schemas"];

type Interaction = Schemas["InteractionView"];
type Participant = Schemas["ParticipantView"];

/** An event of a team's stream. */
interface TeamEvent {
  id: string;
  type: string;
  at: string;
  interaction?: string | null;
  participant?: string | null;
  data: { methods?: string[] };
}

/** How a stream stands: "live", "lost" when nothing is sure any more, and "over" when nobody is signed in. */
type Connection = "live" | "lost" | "over";

/** What an opened login link is told by, once: the API's answer, or a part of it. */
interface OpenedLink {
  url: string;
  opener_secret?: string | null;
}

/** A web chat that a page has, as `countersign.chat` gives it. */
interface PageChat {
  open: () => void;
  close: () => void;
  remove: () => void;
}

/** `token` is an address of the page's own server that answers the token, or a function that does. */
interface PageChatOptions {
  team: string;
  token: string | (() => string | Promise<string>);
  lang?: string;
}

/** What `countersign.js` gives to the page that loads it. */
interface Countersign {
  open: (link: OpenedLink | Promise<OpenedLink>) => Window | null;
  chat: (options: PageChatOptions) => Readonly<PageChat>;
}

interface Window {
  countersign?: Readonly<Countersign>;
}

/** The words of a script that stands on pages of others, by language. */
type TextsByLanguage = Record<string, Record<string, string>> & { en: Record<string, string> };

/** When a flag ends: by the clock of the page, and by the one that never jumps. */
interface FlagEnd {
  wall: number;
  steady: number;
}

/** Leave to look at a conversation's flag, and when it is too old to be used. */
interface StatusLeave {
  url: string;
  token: string;
  stale: number;
}

/** A conversation whose flag `countersign-status.js` watches, and the elements that show it. */
interface WatchedFlag {
  elements: Set<HTMLElement & { draw: (status: string, end: FlagEnd | null) => void }>;
  status: string;
  end: FlagEnd | null;
  timer?: number;
  leave?: StatusLeave | null;
}

/** What the window of a web chat is told of its conversation's transcript. */
interface ChatEntry {
  kind: string;
  text: string;
  /** Of a link: its number, where it leads unless it is over, and what shows whose window opened it. */
  link?: number | null;
  url?: string | null;
  opener_secret?: string | null;
}

/** What the gateway asks for in a web chat. */
interface ChatQuestion {
  id: string;
  kind: string;
  /** `null`: the confirmation of a login. */
  form: "code" | "agreed_number" | null;
  digits: number | null;
  way: string | null;
  to: string | null;
  tries_left: number;
  seconds_left: number | null;
  resend_in: number | null;
}

/** How the conversation of a web chat stands. */
interface ChatState {
  open: boolean;
  authenticated_until: string | null;
  links: number[];
  asked: ChatQuestion | null;
  missed: "not_returned" | "other_browser" | null;
}

/** What became of a text that was typed in a web chat. */
interface TypedText {
  taken: "answer" | "said" | "nothing";
  outcome?: string;
}

/** The texts and addresses that the page of a web chat's window has for its script. */
type WindowText =
  | "path" | "origins" | "you" | "them" | "connecting" | "lost" | "failed" | "closed" | "alone" | "unsent" | "hidden"
  | "verified" | "unverified" | "login" | "loginHint" | "loginOver" | "notReturned" | "otherBrowser" | "code" | "wrong"
  | "notACode" | "late" | "codeAlone" | "locked" | "other" | "noMore" | "triesOne" | "triesOther" | "titleConfirmation"
  | "titleOtp" | "titlePin" | "leadConfirmation" | "leadTo" | "leadChat" | "leadTold" | "leadPin" | "labelOtp"
  | "labelPin" | "left" | "wait" | "may";
