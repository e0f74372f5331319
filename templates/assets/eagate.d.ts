/** A refusal of the gate: an application/problem+json (RFC 9457). */
export interface Problem {
  /** What comes after "urn:eagate:problem:" in its type, such as "code-wrong". */
  name: string;
  /** For people, in English. */
  title: string;
  /** The response's, or 0 if there was none. */
  status: number;
  /** Seconds until another try makes sense. */
  retryAfter?: number;
  challenge_url?: string;
  /** The page on which the second factor is switched on. */
  enrol_url?: string;
  max_age?: number;
  methods?: Method[];
}

export type Method = "push" | "totp" | "recovery";

/** A challenge, as it is now. Its fields change before each call of onChallenge. */
export interface Challenge {
  /** False in the last call: there is nothing more to show. */
  readonly open: boolean;

  readonly state: "none" | "pending" | "approved" | "not_approved" | "rejected" | "expired";

  /** What the user taps on the phone. Pending challenges have it, but for those that the service's own page shows. */
  readonly number?: string;
  /** The service's own page. */
  readonly webviewURL?: string;
  /** Until when a pending challenge can be approved. */
  readonly expiresAt?: Date;

  /** How it can be proved; in any way if it is missing. */
  readonly methods?: Method[];
  /** At most how many seconds ago. */
  readonly maxAge?: number;

  /** What went wrong last, such as a wrong code. */
  readonly problem?: Problem;

  /** Sends a code of the phone. If it is right, the challenge ends; otherwise the problem is returned. */
  enterCode(code: string, trust?: boolean): Promise<Problem | undefined>;
  enterRecoveryCode(code: string, trust?: boolean): Promise<Problem | undefined>;
  /** Has the phone ring again, or for this browser if the problem is "other-browser". */
  resend(): Promise<Problem | undefined>;
  /** Gives up. A sign-in ends by it; next is the page to go on at. */
  cancel(): Promise<{ verified?: boolean; next?: string; problem?: Problem }>;
}

export interface Options {
  /**
   * Shows the challenge: it is called when one begins and whenever it changes. Without it,
   * the browser leaves for the gate's own page, and comes back to this one.
   */
  onChallenge?(challenge: Challenge): void;
  /**
   * Hears of all other refusals: nobody is signed in, the user must set up a second factor
   * first, the account is held, the store doesn't answer, … Without it, whoever must set up a
   * second factor is led to where that is done.
   */
  onProblem?(problem: Problem): void;
  /** Headers of the module's own POSTs, such as a token against cross-site requests. */
  headers?: Record<string, string>;
}

/** Sets options, and leaves the others as they are. */
export function configure(options: Options): void;

/**
 * fetch, which has the user prove the second factor where the gate wants that, and then sends
 * the request once more. It returns the gate's refusal if that was given up. Whatever the
 * method, a request that the gate refused has not come to the application.
 *
 * Several requests at once share one challenge. If the signal of a request aborts, it no
 * longer waits; a challenge that nobody waits for is closed. Requests that nobody has asked
 * for, such as polls, should use fetch itself: they would have the phone ring.
 */
export function eagateFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
