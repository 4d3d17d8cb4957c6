"""The members' area under a path of the host's choice."""

from django.urls import include, path

urlpatterns = [path("my/area/", include("erply_auth.urls"))]
