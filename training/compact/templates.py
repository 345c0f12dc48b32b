"""Short sentences whose label is plain, made from patterns: facts, negations and understatements, which tweets hold few of."""

import itertools
import random

from emoji import VALENCE

NEGATIVE, NEUTRAL, POSITIVE = 0, 1, 2

GOOD = "good great nice funny helpful useful fun fast clean comfortable interesting impressive reliable friendly fair pretty happy amazing perfect".split()
BAD = "bad terrible awful boring slow rude dirty expensive ugly annoying disappointing stupid painful difficult horrible ridiculous sad wrong".split()
THINGS = ("the food", "the movie", "this phone", "the service", "the game", "the hotel", "this song", "the new update", "her speech", "the weather",
          "my flight", "the book", "the show", "the teacher", "their support team", "the price", "this app", "the coffee", "the concert", "it", "this", "that")

WHO = ("The team", "My sister", "The company", "The president", "A spokesperson", "The committee", "The library", "Our office", "The bank", "The museum")
PLACES = ("London", "Paris", "Chicago", "the city centre", "room 12", "the town hall", "Berlin", "the third floor", "New York", "the station")
TIMES = ("at 3pm", "on Monday", "at noon", "in March", "tomorrow morning", "next week", "on 12 June", "at 9:30", "this afternoon", "in 2016")
EVENTS = ("The meeting", "The train", "The next bus", "The store", "The game", "The lecture", "The flight", "The show", "The election", "The concert", "The exam")
VERBS = ("starts", "is", "takes place", "begins", "ends", "is scheduled")
FACTS = (
    "Water boils at 100 degrees Celsius", "Paris is the capital of France", "The Earth orbits the Sun", "A week has seven days",
    "The box contains twelve pencils", "The report has 40 pages", "The file is in the folder", "My phone number ends in 42",
    "The car is blue", "The table is made of wood", "He lives on the second floor", "She works as an accountant",
    "The shop is next to the post office", "The recipe needs two eggs and a cup of flour", "The river is 200 km long", "I had toast for breakfast",
    "The door is on the left", "The package was sent yesterday", "Please see the attached document", "The password must have eight characters",
    "It is 15 degrees outside", "The bus stops here", "There are 30 students in the class", "The book was published in 1998",
    "The document is available in PDF", "He bought a loaf of bread", "The sky is cloudy today", "The printer is in the hallway",
    "I am on my way to work", "What time does it start?", "Where is the nearest station?", "Who is playing tonight?", "Is the office open on Sunday?",
    "How do I change my address?", "I will call you later", "See you at the office", "The form asks for a name and a date of birth")

#: Sentences in which a negation turns the meaning, and others that are easily taken at their words. {adjective} is of the other label.
TURNED_POSITIVE = ("not {bad}", "not {bad} at all", "not too {bad}", "not {bad}!", "{thing} is not {bad} at all", "{thing} was not {bad}", "{thing} isn't {bad}",
                   "{thing} wasn't as {bad} as I thought", "{thing} is never {bad}", "nothing {bad} about {thing}", "not half bad", "can't complain",
                   "cant complain", "I can't complain about {thing}", "no complaints", "no complaints about {thing}", "couldn't be better", "couldn't be happier with {thing}",
                   "can't get enough of {thing}", "I don't hate {thing}, I love it", "{thing} never disappoints", "can't wait", "no problems with {thing} so far",
                   "{thing} could not be more {good}", "can't go wrong with {thing}", "nothing to complain about", "never been happier", "not a {bad} day at all")
TURNED_NEGATIVE = ("not {good}", "not {good} at all", "not very {good}", "not so {good}", "{thing} is not {good}", "{thing} was not {good} at all", "{thing} isn't {good}",
                   "{thing} wasn't {good}", "{thing} is not as {good} as I hoped", "{thing} is never {good}", "nothing {good} about {thing}", "I don't like {thing}",
                   "I didn't like {thing}", "I do not recommend {thing}", "don't waste your money on {thing}", "{thing} doesn't work", "{thing} could have been better",
                   "I wouldn't call {thing} {good}", "{thing} is far from {good}", "I can't stand {thing}", "never again", "not worth it", "not happy with {thing}",
                   "no longer {good}", "hardly {good}", "{thing} lacks everything {good}", "I expected {thing} to be {good}, it was not", "not a {good} day")
PLAIN_POSITIVE = ("{good}", "so {good}", "{thing} is {good}", "{thing} was really {good}", "I love {thing}", "I really enjoyed {thing}", "{thing} is the best", "what a {good} day")
PLAIN_NEGATIVE = ("{bad}", "so {bad}", "{thing} is {bad}", "{thing} was really {bad}", "I hate {thing}", "{thing} is the worst", "what a {bad} day", "so disappointed with {thing}")


def sentences(rng: random.Random, per_kind: int) -> list[tuple[int, str]]:
    """About `per_kind` labelled sentences of each kind, without duplicates."""
    found: dict[str, int] = {}
    kinds = ((POSITIVE, TURNED_POSITIVE), (NEGATIVE, TURNED_NEGATIVE), (POSITIVE, PLAIN_POSITIVE), (NEGATIVE, PLAIN_NEGATIVE))
    for (label, patterns), _ in itertools.product(kinds, range(per_kind)):
        found[_fill(rng.choice(patterns), rng)] = label
    for _ in range(2 * per_kind):
        found[_fact(rng)] = NEUTRAL
    return [(label, text) for text, label in found.items()]


def emoji_texts(rng: random.Random, per_label: int) -> list[tuple[int, str]]:
    """Texts of emoji alone."""
    return [(label, emoji_run(label, rng)) for label in VALENCE for _ in range(per_label)]


def emoji_run(label: int, rng: random.Random) -> str:
    """One to six emoji of the label, of one or two kinds."""
    return "".join(rng.choice(VALENCE[label]) * rng.choice((1, 1, 2, 3)) for _ in range(rng.choice((1, 1, 1, 2))))


def _fill(pattern: str, rng: random.Random) -> str:
    text = pattern.format(good=rng.choice(GOOD), bad=rng.choice(BAD), thing=rng.choice(THINGS))
    return rng.choice((text, text.capitalize(), f"{text}.", f"{text.capitalize()}."))


def _fact(rng: random.Random) -> str:
    text = rng.choice((
        rng.choice(FACTS),
        f"{rng.choice(EVENTS)} {rng.choice(VERBS)} {rng.choice(TIMES)}",
        f"{rng.choice(EVENTS)} in {rng.choice(PLACES)} {rng.choice(VERBS)} {rng.choice(TIMES)}",
        f"{rng.choice(WHO)} {rng.choice(('is based in', 'moved to', 'visited', 'opened an office in', 'will be in'))} {rng.choice(PLACES)}",
        f"{rng.choice(WHO)} will publish the results {rng.choice(TIMES)}"))
    return rng.choice((text, f"{text}.", text.lower()))
