"""The measures of a good card, in words as `text.words.count` counts them. The generator and the lint share them."""

MAX_PHRASE_WORDS = 12
MAX_PHRASE_CJK = 30
SHORT_PHRASE_WORDS = 7  # a longer phrase is narrowed
SHORT_PHRASE_CJK = 18
MIN_WORDS_LEFT = 3  # of a sentence beside a phrase
MIN_WORDS_LEFT_OF_LONG = 5  # the same, for a phrase that is still long
GIVEN_AWAY = 2 / 3  # of a phrase's words, in the breadcrumb

MAX_BEFORE_WORDS = 30  # of a sentence that another leans on, to stand on the front with it

GIST_FROM = 45  # words: a longer back shows its gist in full contrast, and the rest dimmed
MIN_GIST_WORDS = 5  # of a first sentence that is the gist by itself
MAX_BACK_WORDS = 120  # a longer back without a key phrase is no answer
POINTS = range(2, 6)  # of a list or of children
MAX_LIST_WORDS = 60
TWIN = 0.9  # of a back's words, in the sentence of a cloze
