/* The wrong rules. Each replaces exactly one rule of paxos.pml, and two values are decided.
 * RULE names the one to run; "S04" and the like are situations known to break under it.
 */

#define LastReplyOnly         1
#define MostCommonReport      2
#define OnlyMajorityReports   3
#define IgnoresReports        4
#define ReportsPromised       5
#define AcceptsBelowPromise   6
#define AcceptKeepsThePromise 7
#define ComparesPortWithCount 8
#define PromiseMayFall        9
#define CountsMessages        10
#define QuorumsDoNotMeet      11
#define ReusesNumber          12
#define NoOpWithoutPhaseOne   13
#define ForgetsPromise        14
#define ForgetsVote           15
#define WipedVotesAgain       16
#define NothingIsChosen       17
#define NothingIsAdopted      18

/* Whether acceptor i reports something, and whether acceptor j reports the same value. */
#define reports(p, i) (has(heard[p], i) && reported(p, i))
#define agree(p, i, j) \
    (reports(p, i) && reports(p, j) && accept[reported(p, i)] == accept[reported(p, j)])

#if RULE == LastReplyOnly
/* S20: only the promise that completes the quorum is looked at. */
#undef value_to_propose
#define value_to_propose(p, a)                                                                   \
    accept[p] = (reported(p, a) -> accept[reported(p, a)] : p)

#elif RULE == MostCommonReport
/* S05: the value that most acceptors report is taken; among equals the first. */
#undef value_to_propose
#define value_to_propose(p, a)                                                                   \
    accept[p] = p;                                                                               \
    for (i : 1 .. ACCEPTORS) {                                                                   \
        count = 0;                                                                               \
        for (j : 1 .. ACCEPTORS) { count = count + agree(p, i, j) }                              \
        if                                                                                       \
        :: count > best -> best = count; accept[p] = accept[reported(p, i)]                      \
        :: else                                                                                  \
        fi                                                                                       \
    }

#elif RULE == OnlyMajorityReports
/* S04: a value is taken only if a whole quorum reports it. */
#undef value_to_propose
#define value_to_propose(p, a)                                                                   \
    accept[p] = p;                                                                               \
    for (i : 1 .. ACCEPTORS) {                                                                   \
        count = 0;                                                                               \
        for (j : 1 .. ACCEPTORS) { count = count + agree(p, i, j) }                              \
        if                                                                                       \
        :: count >= QUORUM1 -> accept[p] = accept[reported(p, i)]                                \
        :: else                                                                                  \
        fi                                                                                       \
    }

#elif RULE == IgnoresReports
/* S06: a leader proposes its own value, since nobody has told it that another was chosen. */
#undef value_to_propose
#define value_to_propose(p, a) accept[p] = p

#elif RULE == ReportsPromised
/* What was accepted is hidden by whatever is promised above it. */
#undef report
#define report(a, n) (number(accepted[a]) < n -> 0 : accepted[a])

#elif RULE == AcceptsBelowPromise
/* S21: a proposal is accepted, whatever was promised since. */
#undef may_accept
#define may_accept(a, n) true

#elif RULE == AcceptKeepsThePromise
/* S13: accepting is not taken as a promise. */
#undef promised_by_accepting
#define promised_by_accepting(a, n) promised[a]

#elif RULE == ComparesPortWithCount
/* The leader of the number proposed is compared with the round of the number promised. */
#undef may_accept
#define may_accept(a, n) (leader_of(n) >= round_of(promised[a]))

#elif RULE == PromiseMayFall
/* A prepare is promised even below an earlier promise. */
#undef may_promise
#define may_promise(a, n) true

#elif RULE == CountsMessages
/* S18: votes are counted, not voters, so that one vote is enough if it arrives often enough. */
#undef may_learn
#define may_learn(p) (votes[p] != 0)

#elif RULE == QuorumsDoNotMeet
/* S17: a quorum of phase 1 is one acceptor too small to meet every quorum of phase 2. */
#undef QUORUM1
#define QUORUM1 (ACCEPTORS - QUORUM2)

#elif RULE == ReusesNumber
/* S12: a leader that restarts counts its rounds from 1 again. */
#undef number
#define number(p) (p -> leader_of(p) : 0)

#elif RULE == NoOpWithoutPhaseOne
/* S07: leaders after the first write the no-op at once. */
#undef begin
#define begin(p) prepare[p] = (p == 1); accept[p] = (p == 1 -> 0 : NO_OP)

#elif RULE == ForgetsPromise
/* S10b: a crash loses a promise; what was accepted, and so promised by it, is kept. */
#undef may_forget
#undef forget
#define may_forget(a) (promised[a] > number(accepted[a]))
#define forget(a) promised[a] = number(accepted[a])

#elif RULE == ForgetsVote
/* S10a, S11: a crash loses a vote that was answered, and leaves the promise. */
#undef may_forget
#undef forget
#define may_forget(a) (accepted[a] != 0)
#define forget(a) accepted[a] = 0

#elif RULE == WipedVotesAgain
/* S10a: an acceptor whose disk was wiped comes back under its old name. */
#undef may_forget
#undef forget
#define may_forget(a) (promised[a] != 0)
#define forget(a) promised[a] = 0; accepted[a] = 0

/* Two claims that the right rules must refute: that nothing is found wrong means something only
 * if values are chosen at all, and are chosen again under higher numbers. */
#elif RULE == NothingIsChosen
#undef decide
#define decide(v) assert(false)

#elif RULE == NothingIsAdopted
#undef decide
#define decide(v) assert(v == p)

#else
#error "RULE names none of the wrong rules"
#endif
