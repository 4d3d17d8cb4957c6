"""Users as hosts define them."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group
from django.db import models


class MailUser(AbstractBaseUser):
    """Logs in by e-mail address; keyed by UUID; its groups are related under the host's name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)
    groups = models.ManyToManyField(Group, related_name="mail_users")

    USERNAME_FIELD = "email"
    objects = BaseUserManager()


class BareUser(AbstractBaseUser):
    """Has a name, a password and nothing else."""

    login = models.CharField(max_length=100, unique=True)

    USERNAME_FIELD = "login"
    objects = BaseUserManager()
