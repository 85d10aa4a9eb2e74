/* Single-decree Paxos: one instance, within bounds small enough for every state to be visited.
 * "2.2" and the like are sections of Lamport, "Paxos Made Simple". Run it with `make model`.
 *
 * A message that was sent stays sent, and may arrive at any time, again, or never: loss,
 * duplication, delay and reordering are all there. Whoever takes no step has failed. What an
 * acceptor answers is on its disk before, so a crash changes nothing.
 */

#ifndef ACCEPTORS
#define ACCEPTORS 3     /* 1 to 5 */
#endif
#ifndef LEADERS
#define LEADERS 2
#endif
#ifndef NUMBERS
#define NUMBERS 3       /* how many proposal numbers there are: 1.L1, 1.L2, 2.L1, ... */
#endif
#ifndef QUORUM1
#define QUORUM1 (ACCEPTORS / 2 + 1)
#endif
#ifndef QUORUM2
#define QUORUM2 (ACCEPTORS / 2 + 1)
#endif

/* Proposal p is one attempt of one leader. Proposals are counted in the order of (round, leader),
 * and each brings a value of its own, which is p as well: no two of them want the same. */
#define round_of(p)  ((p + LEADERS - 1) / LEADERS)
#define leader_of(p) ((p + LEADERS - 1) % LEADERS + 1)
#define NO_OP        (NUMBERS + 1)

/* A set of acceptors is a row of bits: who is added twice is there once. */
#define set_of(a)   (1 << (a - 1))
#define has(set, a) ((set >> (a - 1)) & 1)
#define size(set)   (has(set, 1) + has(set, 2) + has(set, 3) + has(set, 4) + has(set, 5))

/* The messages that were sent. An acceptor answers a prepare that it has answered before in the
 * same way, and an accept as well. */
#define UNSENT 255
typedef Reports { byte from[ACCEPTORS + 1] = UNSENT };
bool    prepare[NUMBERS + 1];   /* the prepare of proposal p */
Reports promise[NUMBERS + 1];   /* the promise of number n: the proposal reported, 0 for none */
byte    accept[NUMBERS + 1];    /* the accept of proposal p: its value, 0 while it is unsent */
byte    votes[NUMBERS + 1];     /* the acceptors that sent accepted for proposal p */
#define reported(p, a) promise[number(p)].from[a]

/* What an acceptor has on disk, and what the leader of proposal p has heard in phase 1. */
byte promised[ACCEPTORS + 1];   /* the highest number promised */
byte accepted[ACCEPTORS + 1];   /* the highest-numbered proposal accepted, 0 for none */
byte heard[NUMBERS + 1];        /* the acceptors whose promises arrived */

/* What no node sees: the value that was chosen, counted from the votes, or that was learned. */
byte decided;

byte i, j, best, count;         /* scratch within a step, 0 between steps */

/* ---- The rules ------------------------------------------------------------------------------ */

/* 2.2: every proposal has a number of its own, also after a restart. */
#define number(p) p

/* 2.2, phase 1 (a): a leader first asks for promises. */
#define begin(p) prepare[p] = true

/* 2.2, phase 1 (b): an acceptor promises n unless it has promised a higher number. */
#define may_promise(a, n) (n >= promised[a])

/* 2.2, phase 1 (b): with its promise it reports the highest-numbered proposal that it accepted. */
#define report(a, n) accepted[a]

/* 2.2, phase 2 (a): a leader proposes once a quorum of acceptors has promised. */
#define may_propose(p) (size(heard[p]) >= QUORUM1)

/* 2.2, P2c: it proposes the value of the highest-numbered proposal that the quorum reports, or its
 * own if there is none. The promise of acceptor a completed the quorum. */
#define value_to_propose(p, a)                                                                   \
    for (i : 1 .. ACCEPTORS) {                                                                   \
        if                                                                                       \
        :: has(heard[p], i) && number(reported(p, i)) > number(best) -> best = reported(p, i)    \
        :: else                                                                                  \
        fi                                                                                       \
    }                                                                                            \
    accept[p] = (best -> accept[best] : p)

/* 2.2, P1a: an acceptor accepts n if and only if it has promised no higher number. */
#define may_accept(a, n) (n >= promised[a])

/* 2.2, P1a: to accept n is to promise it, also where the prepare never arrived. */
#define promised_by_accepting(a, n) n

/* 2.3: a leader learns the value of a proposal that a quorum of acceptors has accepted. */
#define may_learn(p) (size(votes[p]) >= QUORUM2)

/* 2.5: an acceptor remembers what it answered, also after a crash. */
#define may_forget(a) false
#define forget(a) skip

/* 2.1: only a single value is chosen, and nobody learns another one. */
#define decide(v)                                                                                \
    if                                                                                           \
    :: decided && decided != v -> printf("= $%d is decided after $%d\n", v, decided)         \
    :: else                                                                                      \
    fi;                                                                                          \
    assert(!decided || decided == v);                                                            \
    decided = v

#ifdef RULE
#include "wrong_rules.h"        /* puts one wrong rule in the place of a right one */
#endif

/* ---- The steps; what they print tells the story of a path: #number, $value ------------------- */

proctype leader(byte p) {
    d_step {
        begin(p);
        printf("- L%d begins #%d\n", leader_of(p), number(p))
    }
end:do
    :: d_step { /* a quorum of votes has arrived */
            may_learn(p) ->
            printf("- L%d learns $%d\n", leader_of(p), accept[p]);
            decide(accept[p])
        }
    od
}

proctype acceptor(byte a) {
end:do
    :: d_step { /* a crash, and back again */
            may_forget(a) ->
            printf("- A%d forgets\n", a);
            forget(a)
        }
    od
}

/* What passes between acceptor a and the leader of proposal p. */
proctype link(byte a; byte p) {
end:do
    :: d_step { /* the prepare arrives: phase 1 (b) */
            prepare[p] && reported(p, a) == UNSENT && may_promise(a, number(p)) ->
            reported(p, a) = report(a, number(p));
            promised[a] = number(p);
            printf("- A%d promises #%d, reports #%d\n", a, number(p), number(reported(p, a)))
        }
    :: d_step { /* the promise arrives; if it completes a quorum: phase 2 (a) */
            prepare[p] && !accept[p] && reported(p, a) != UNSENT && !has(heard[p], a) ->
            heard[p] = heard[p] | set_of(a);
            printf("- L%d hears A%d promise #%d\n", leader_of(p), a, number(p));
            if
            :: may_propose(p) ->
                value_to_propose(p, a);
                heard[p] = 0; i = 0; j = 0; best = 0; count = 0;
                printf("= L%d proposes $%d under #%d\n", leader_of(p), accept[p], number(p))
            :: else
            fi
        }
    :: d_step { /* the accept arrives: phase 2 (b) */
            accept[p] && may_accept(a, number(p)) ->
            promised[a] = promised_by_accepting(a, number(p));
            accepted[a] = p;
            votes[p] = votes[p] | set_of(a);
            printf("- A%d accepts $%d under #%d\n", a, accept[p], number(p));
            if
            :: size(votes[p]) >= QUORUM2 -> decide(accept[p])
            :: else
            fi
        }
    od
}

init {
    byte a, p;
    atomic {
        for (a : 1 .. ACCEPTORS) { run acceptor(a) }
        for (p : 1 .. NUMBERS) {
            run leader(p);
            for (a : 1 .. ACCEPTORS) { run link(a, p) }
        }
        a = 0; p = 0
    }
}
