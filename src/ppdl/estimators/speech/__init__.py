"""Phones recognised in speech."""

from .language import Bigram as Bigram
from .language import BigramLogs as BigramLogs
from .language import FrameBigram as FrameBigram
from .language import PhoneBigram as PhoneBigram
