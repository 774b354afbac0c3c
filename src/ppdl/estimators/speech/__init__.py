"""Phones recognised in speech."""

from .confusions import ConfusionsDisplay as ConfusionsDisplay
from .language import Bigram as Bigram
from .language import BigramLogs as BigramLogs
from .language import FrameBigram as FrameBigram
from .language import PhoneBigram as PhoneBigram
from .recognizer import PhoneRecognizer as PhoneRecognizer
from .recognizer import Segment as Segment
from .scoring import PhoneErrors as PhoneErrors
from .scoring import align as align
